package main

import (
	"io/fs"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/check"
	"hf2olmo/convert/fault"
)

func checkCommand() *cli.Command {
	return &cli.Command{
		Name:      "check",
		Usage:     "check whether the trainer would load a checkpoint folder, and if not, why",
		ArgsUsage: "DIR...",
		Description: `DIR is a checkpoint folder of any origin: converted, saved by the trainer (unsharded or
sharded), or made by hand. Only headers are read, with --full every byte.

   hf2olmo check OLMo-2-0425-1B-unsharded
   hf2olmo check --full --json runs/*/step*-unsharded

Exit status: 0 if the trainer would load every folder, 1 if it would not load one of them.`,
		Flags: []cli.Flag{
			toggle("full", "read every byte: checksums of all files; NaN, infinity and matrices of zeros in the weights"),
			toggle("notes", "print notes too: what is odd, but changes nothing"),
			toggle("json", "print one JSON object per folder, one per line, with the notes"),
			noFollowFlag("DIR"),
		},
		OnUsageError:    onUsageError,
		HideHelpCommand: true, // a folder may be called "help"
		Action:          interruptible(checkFolders),
	}
}

func checkFolders(c *cli.Context) error {
	if c.NArg() == 0 {
		return usagef(c, "check needs a DIR")
	}
	bad := false
	for _, dir := range c.Args().Slice() {
		dir = latestStep(c, dir)
		setMemoryGoal(goalFor(dir))
		report, err := checkFolder(c, dir)
		if err != nil {
			return err
		}
		bad = bad || !report.Loads()
		if err := printCheck(c, report); err != nil {
			return err
		}
	}
	if bad {
		return errFailed
	}
	return nil
}

// checkFolder checks one folder, with a bar if all of it is read.
func checkFolder(c *cli.Context, dir string) (*check.Report, error) {
	o := check.Options{Full: c.Bool("full"), NoFollow: c.Bool(noFollow)}
	if b := terminalProgress(c.App.ErrWriter); b != nil && o.Full {
		b.Start(filepath.Base(dir), assemble.Reading, sizeOf(dir))
		defer b.Stop()
		o.Progress = b.Add
	}
	return check.Folder(c.Context, dir, o)
}

// sizeOf returns how many bytes the files of a folder have, as far as they can be seen.
func sizeOf(dir string) (bytes int64) {
	filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return nil
		}
		if info, err := e.Info(); err == nil {
			bytes += info.Size()
		}
		return nil
	})
	return bytes
}

// maxMore is how many lines follow the first of a finding: what the trainer does, and what to do about it.
const maxMore = 2

// printCheck prints a report: a verdict, and what was found in order of severity.
func printCheck(c *cli.Context, report *check.Report) error {
	if c.Bool("json") {
		writeJSON(c.App.Writer, report)
		return nil
	}
	kind := ""
	if report.Kind != check.Unknown {
		kind = " (" + string(report.Kind) + ")"
	}
	printf(c.App.Writer, "%s%s: %s\n", fault.Printable(report.Folder), kind, report.Verdict())
	for _, line := range report.Lines() {
		if line.Severity == check.Note && !c.Bool("notes") {
			continue
		}
		printf(c.App.Writer, "  %s: %s\n", line.Severity, line.Text)
		for _, more := range line.More[:min(maxMore, len(line.More))] {
			printf(c.App.Writer, "      %s\n", more)
		}
	}
	if n := report.Count(check.Note); n > 0 && !c.Bool("notes") {
		printf(c.App.Writer, "  %s: --notes\n", fault.Plural(n, "note"))
	}
	return nil
}
