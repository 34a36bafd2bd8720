package main

import (
	"io"

	"github.com/urfave/cli/v2"

	"hf2olmo/keymap"
)

const defaultTarget = "olmo"

func keymapCommand() *cli.Command {
	return &cli.Command{
		Name:      "keymap",
		Usage:     "list the tables of names, or print one",
		ArgsUsage: "[NAME]",
		Description: `A table says how the config and the tensors of a family become the native trainer's.
One that was printed can be changed and passed to convert --keymap FILE.

   hf2olmo keymap
   hf2olmo keymap llama >my-llama.yaml`,
		Flags:           []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print one JSON object a table, one a line"}},
		OnUsageError:    onUsageError,
		HideHelpCommand: true, // a model may be called "help"
		Action: func(c *cli.Context) error {
			switch c.NArg() {
			case 0:
				for _, name := range keymap.Families(defaultTarget) {
					printTable(c, tableRecord{Name: name, Target: defaultTarget}, name+"\n")
				}
				return nil
			case 1:
				name := c.Args().First()
				text, err := keymap.Source(defaultTarget, name)
				if err != nil {
					return usagef(c, "%v", err)
				}
				printTable(c, tableRecord{Name: name, Target: defaultTarget, Text: string(text)}, string(text))
				return nil
			}
			return usagef(c, "keymap takes one NAME")
		},
	}
}

func printTable(c *cli.Context, rec tableRecord, text string) {
	if c.Bool("json") {
		writeJSON(c.App.Writer, rec)
		return
	}
	io.WriteString(c.App.Writer, text)
}
