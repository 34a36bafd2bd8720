package main

import (
	"strings"

	"github.com/urfave/cli/v2"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/relocate"
)

func relocateCommand() *cli.Command {
	return &cli.Command{
		Name:      "relocate",
		Usage:     "rewrite the paths in folders that were moved since they were written",
		ArgsUsage: "DIR...",
		Description: `config.yaml names its folder as load_path and the tokenizer in it, and training would look for both
where they were. For OLMo-core config.json names the folder. No tensor is touched, and paths that name
anything else stay.

   mv OLMo-2-0425-1B-unsharded /scratch/native
   hf2olmo relocate /scratch/native/OLMo-2-0425-1B-unsharded

Exit status: 0 all done, 1 a folder could not be rewritten, 2 the command line is wrong.`,
		Flags:           []cli.Flag{toggle("json", "print one JSON object per folder, one per line")},
		OnUsageError:    onUsageError,
		HideHelpCommand: true, // a folder may be called "help"
		Action:          relocateFolders,
	}
}

func relocateFolders(c *cli.Context) error {
	if c.NArg() == 0 {
		return usagef(c, "relocate needs a DIR")
	}
	failed := false
	for _, dir := range c.Args().Slice() {
		r, err := relocate.Folder(c.Context, latestStep(c, dir))
		rec := relocateRecord{Folder: dir, Status: "failed", Files: []string{}}
		if err != nil {
			failed = true
			rec.Error = faultsOf(err).Error()
			printf(c.App.ErrWriter, "hf2olmo: %s: not rewritten\n", fault.Printable(dir))
			printFaults(c.App.ErrWriter, faultsOf(err))
		} else {
			rec.Folder, rec.From, rec.Files = r.Folder, r.From, append(rec.Files, r.Files...)
			if rec.Status = "relocated"; len(r.Files) == 0 {
				rec.Status = "unchanged"
			}
		}
		switch {
		case c.Bool("json"):
			writeJSON(c.App.Writer, rec)
		case rec.Status == "relocated":
			printf(c.App.Writer, "%s, moved from %s: rewrote %s\n", rec.Folder, rec.From, strings.Join(rec.Files, ", "))
		case rec.Status == "unchanged":
			printf(c.App.Writer, "%s: unchanged, it is where it was written\n", rec.Folder)
		}
	}
	if failed {
		return errFailed
	}
	return nil
}
