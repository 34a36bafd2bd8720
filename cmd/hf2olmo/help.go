package main

import "github.com/urfave/cli/v2"

// helpCommand replaces the library's own, whose words are not ours.
func helpCommand() *cli.Command {
	return &cli.Command{
		Name:            "help",
		Usage:           "print the help of a command",
		ArgsUsage:       "[COMMAND]",
		OnUsageError:    onUsageError,
		HideHelpCommand: true,
		Action: func(c *cli.Context) error {
			name := c.Args().First()
			switch {
			case c.NArg() > 1:
				return usagef(c, "help takes one COMMAND at most")
			case name == "":
				return cli.ShowAppHelp(c)
			case c.App.Command(name) == nil:
				return noCommand(c.App, name)
			}
			return cli.ShowCommandHelp(c, name)
		},
	}
}
