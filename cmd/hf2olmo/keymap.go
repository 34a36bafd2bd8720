package main

import (
	"io"
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
		Flags:           []cli.Flag{toggle("json", "print one JSON object a table, one a line")},
		OnUsageError:    onUsageError,
		HideHelpCommand: true, // a model may be called "help"
		Action: func(c *cli.Context) error {
			switch c.NArg() {
			case 0:
				for _, name := range tableNames() {
					target, _ := splitTableName(name)
					printTable(c, tableRecord{Name: name, Target: target}, name+"\n")
				}
				return nil
			case 1:
				name := c.Args().First()
				target, family := splitTableName(name)
				text, err := keymap.Source(target, family)
				if err != nil {
					return usagef(c, "no table is called %q; there are %s", name, strings.Join(tableNames(), ", "))
				}
				printTable(c, tableRecord{Name: name, Target: target, Text: string(text)}, string(text))
				return nil
			}
			return usagef(c, "keymap takes one NAME")
		},
	}
}

// tableNames are what the tables are called on the command line: those of the first
// target by their family alone, the others with their target before it.
func tableNames() []string {
	var names []string
	for _, target := range keymap.Targets() {
		for _, family := range keymap.Families(target) {
			if target != defaultTarget {
				family = target + "/" + family
			}
			names = append(names, family)
		}
	}
	return names
}

// splitTableName is the other way: the target and the family that a name means.
func splitTableName(name string) (target, family string) {
	if target, family, ok := strings.Cut(name, "/"); ok {
		return target, family
	}
	return defaultTarget, name
}

func printTable(c *cli.Context, rec tableRecord, text string) {
	if c.Bool("json") {
		writeJSON(c.App.Writer, rec)
		return
	}
	io.WriteString(c.App.Writer, text)
}
