package main

import (
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/dustin/go-humanize"
	"github.com/urfave/cli/v2"

	"hf2olmo/convert"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/hf"
	"hf2olmo/keymap"
)

func listCommand() *cli.Command {
	return &cli.Command{
		Name:  "list",
		Usage: "list the models in the Hugging Face cache, and the trainers that they can be converted for",
		Description: `The cache is where HF_HUB_CACHE, HF_HOME or XDG_CACHE_HOME say, as huggingface_hub has it. Headers are
read as for a dry run: "no" means that convert would refuse the model, and convert says why.

   hf2olmo list`,
		Flags: []cli.Flag{
			toggle("ids", "print only the ids, one per line"),
			toggle("json", "print one JSON object per model, each on its own line"),
		},
		OnUsageError:    onUsageError,
		HideHelpCommand: true, // a model may be called "help"
		Action:          interruptible(listModels),
	}
}

func listModels(c *cli.Context) error {
	if c.NArg() > 0 {
		return usagef(c, "list takes no argument")
	}
	if c.Bool("ids") {
		for _, id := range hf.CachedIDs() {
			printf(c.App.Writer, "%s\n", id)
		}
		return nil
	}
	models := hf.ListCache()
	if c.Bool("json") {
		for _, m := range models {
			writeJSON(c.App.Writer, newModelRecord(m))
		}
		return nil
	}
	if len(models) == 0 {
		printf(c.App.ErrWriter, "There is no model in the Hugging Face cache (%s).\n", fault.Printable(hf.CacheDir()))
		return nil
	}
	printModels(c.App.Writer, models)
	return nil
}

// newModelRecord describes a model. Every target's table is applied to its headers.
func newModelRecord(m hf.Cached) modelRecord {
	rec := modelRecord{ID: m.ID, Folder: m.Folder, ModelType: m.ModelType, Bytes: m.Bytes, Targets: []string{}}
	for _, target := range keymap.Targets() {
		if m.Folder != "" && convert.Check(m.Folder, convert.Options{Target: target}) == nil {
			rec.Targets = append(rec.Targets, target)
		}
	}
	return rec
}

func printModels(w io.Writer, models []hf.Cached) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	defer table.Flush()
	printf(table, "MODEL\tSIZE\tFAMILY")
	for _, target := range keymap.Targets() {
		printf(table, "\t%s", strings.ToUpper(target))
	}
	printf(table, "\n")
	for _, m := range models {
		rec := newModelRecord(m)
		family := m.ModelType
		if family == "" {
			family = "-"
		}
		printf(table, "%s\t%s\t%s", m.ID, humanize.Bytes(uint64(m.Bytes)), fault.Printable(family))
		for _, target := range keymap.Targets() {
			answer := "no"
			if slices.Contains(rec.Targets, target) {
				answer = "yes"
			}
			printf(table, "\t%s", answer)
		}
		printf(table, "\n")
	}
}
