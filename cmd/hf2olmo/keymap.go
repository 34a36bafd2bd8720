package main

import (
	"fmt"
	"strings"

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
   hf2olmo keymap llama >my-llama.yaml
   hf2olmo keymap olmo-core/llama`,
		OnUsageError:    onUsageError,
		HideHelpCommand: true, // a model may be called "help"
		Action: func(c *cli.Context) error {
			switch c.NArg() {
			case 0:
				for _, target := range keymap.Targets() {
					for _, family := range keymap.Families(target) {
						fmt.Fprintln(c.App.Writer, tableName(target, family))
					}
				}
				return nil
			case 1:
				target, family, found := strings.Cut(c.Args().First(), "/")
				if !found {
					target, family = defaultTarget, target
				}
				text, err := keymap.Source(target, family)
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

// tableName is what a table is called on the command line: those of the first target by
// their family alone.
func tableName(target, family string) string {
	if target == defaultTarget {
		return family
	}
	return target + "/" + family
}
