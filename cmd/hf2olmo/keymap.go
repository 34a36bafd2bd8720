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
		Usage:     "list the tables of model families, or print one",
		ArgsUsage: "[NAME]",
		Description: `A table describes how the config and the tensors of a model family map to those of a trainer.
A printed table can be edited, or extended by a short one ("extends: llama"), and passed to
convert --keymap FILE.

   hf2olmo keymap
   hf2olmo keymap llama >my-llama.yaml
   hf2olmo keymap olmo-core/llama`,
		Flags:           []cli.Flag{toggle("json", "print one JSON object per table, one per line")},
		OnUsageError:    onUsageError,
		HideHelpCommand: true, // a model may be called "help"
		Action: func(c *cli.Context) error {
			switch c.NArg() {
			case 0:
				for _, t := range keymap.Tables() {
					printTable(c, tableRecord{Name: t.Name, Target: t.Target}, t.Name+"\n")
				}
				return nil
			case 1:
				name := c.Args().First()
				table, err := keymap.TableNamed(name)
				if err != nil {
					return usageError{c.Command.Name, err.Error(), didYouMean(nearest(name, tableNames()))}
				}
				text, err := table.Text()
				if err != nil {
					return err
				}
				printTable(c, tableRecord{Name: name, Target: table.Target, Text: string(text)}, string(text))
				return nil
			}
			return usagef(c, "keymap takes one NAME")
		},
	}
}

// tableNames are the names of the tables on the command line: FAMILY for those of the default target, TARGET/FAMILY
// for the others.
func tableNames() []string {
	var names []string
	for _, t := range keymap.Tables() {
		names = append(names, t.Name)
	}
	return names
}

func printTable(c *cli.Context, rec tableRecord, text string) {
	if c.Bool("json") {
		writeJSON(c.App.Writer, rec)
		return
	}
	io.WriteString(c.App.Writer, text)
}
