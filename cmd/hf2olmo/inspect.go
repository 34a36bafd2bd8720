package main

import (
	"time"

	"github.com/urfave/cli/v2"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/inspect"
)

func inspectCommand() *cli.Command {
	return &cli.Command{
		Name:      "inspect",
		Usage:     "list the tensors of a model, a weights file or a checkpoint",
		ArgsUsage: "PATH",
		Description: `PATH is a model's folder, a weights file, the id of a model in the local Hugging Face cache, a
checkpoint folder (unsharded, sharded or of OLMo-core: full tensors, and the optimizer's), the folder
of a run (its latest step), or a .pt file: a model's, an optimizer's, train.pt.
Models that convert refuses are listed too: of any family, quantized, or with files missing. Only
headers are read, unless --stats is given.

   hf2olmo inspect allenai/OLMo-2-0425-1B
   hf2olmo inspect --stats step1000-unsharded | less -S

Exit status: 0 listed, 1 it cannot be read, 2 the command line is wrong.`,
		Flags: []cli.Flag{
			toggle("json", "print one JSON object on one line"),
			toggle("stats", "read all tensors: min, max and mean of the finite elements, and how many are NaN or infinite"),
			toggle("tensors", "list every tensor, on a terminal too, where more than 40 are summed up by block"),
			toggle("quiet", "print no progress and no warnings"),
			noFollowFlag("PATH"),
			jobsFlag("read"),
		},
		OnUsageError:    onUsageError,
		HideHelpCommand: true, // a model may be called "help"
		Action:          interruptible(inspectPath),
	}
}

// maxTensors is how many tensors are listed on a terminal unasked.
const maxTensors = 40

func inspectPath(c *cli.Context) error {
	switch {
	case c.NArg() != 1:
		return usagef(c, "inspect takes one PATH")
	case c.IsSet("jobs") && c.Int("jobs") < 1:
		return usagef(c, "--jobs must be at least 1")
	}
	path, start := c.Args().First(), time.Now()
	if !c.Bool("quiet") {
		latestStep(c, path) // named; inspect finds it too
	}
	setMemoryGoal(goalFor(path))
	r, err := inspect.Open(c.Context, path, c.Bool(noFollow))
	if err == nil && c.Bool("stats") {
		err = measure(c, r)
	}
	if c.Bool("json") {
		writeJSON(c.App.Writer, newInspectRecord(path, r, err, time.Since(start)))
	}
	if err != nil {
		printf(c.App.ErrWriter, "hf2olmo: %s: not listed\n", fault.Printable(path))
		printFaults(c.App.ErrWriter, faultsOf(err))
		return errFailed
	}
	if !c.Bool("json") {
		stats := c.Bool("stats")
		byBlock := len(r.Tensors) > maxTensors && !stats && !c.Bool("tensors") && columnsOf(c.App.Writer) > 0
		printReport(c.App.Writer, r, stats, byBlock)
	}
	if !c.Bool("quiet") {
		for i, w := range r.Warnings {
			if i == maxLines {
				printf(c.App.ErrWriter, "and %d more; --json lists all\n", len(r.Warnings)-i)
				break
			}
			printf(c.App.ErrWriter, "warning: %s\n", w)
		}
	}
	return nil
}

func measure(c *cli.Context, r *inspect.Report) error {
	var progress inspect.Progress
	if p := terminalProgress(c.App.ErrWriter); p != nil && !c.Bool("quiet") {
		p.Start(r.Path, assemble.Reading, r.Readable())
		defer p.Stop()
		progress = p.Add
	}
	return r.Measure(c.Context, c.Int("jobs"), progress)
}
