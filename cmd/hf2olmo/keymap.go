package main

import (
	"fmt"

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
		OnUsageError:    onUsageError,
		HideHelpCommand: true, // a model may be called "help"
		Action: func(c *cli.Context) error {
			switch c.NArg() {
			case 0:
				for _, name := range keymap.Families(defaultTarget) {
					fmt.Fprintln(c.App.Writer, name)
				}
				return nil
			case 1:
				text, err := keymap.Source(defaultTarget, c.Args().First())
				if err != nil {
					return usagef(c, "%v", err)
				}
				_, err = c.App.Writer.Write(text)
				return err
			}
			return usagef(c, "keymap takes one NAME")
		},
	}
}
