package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/urfave/cli/v2"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/inspect"
	"hf2olmo/convert/tensor"
)

func inspectCommand() *cli.Command {
	return &cli.Command{
		Name:      "inspect",
		Usage:     "list the tensors of a model, a weights file or a checkpoint",
		ArgsUsage: "PATH",
		Description: `PATH is a model's folder, a weights file, the id of a model in the local Hugging Face cache, a
checkpoint folder (unsharded, sharded or of OLMo-core: full tensors, and the optimizer's), or a
.pt file. Models that convert refuses are listed too: of any family, quantized, or with files
missing. Only headers are read, unless --stats is given.

   hf2olmo inspect allenai/OLMo-2-0425-1B
   hf2olmo inspect --stats step1000-unsharded | less -S

Exit status: 0 listed, 1 it cannot be read, 2 the command line is wrong.`,
		Flags: []cli.Flag{
			toggle("json", "print one JSON object on one line"),
			toggle("stats", "read all tensors: min, max and mean of the finite elements, and how many are NaN or infinite"),
			toggle("quiet", "print no progress and no warnings"),
			noFollowFlag("PATH"),
			jobsFlag("read"),
		},
		OnUsageError:    onUsageError,
		HideHelpCommand: true, // a model may be called "help"
		Action:          interruptible(inspectPath),
	}
}

func inspectPath(c *cli.Context) error {
	switch {
	case c.NArg() != 1:
		return usagef(c, "inspect takes one PATH")
	case c.IsSet("jobs") && c.Int("jobs") < 1:
		return usagef(c, "--jobs must be at least 1")
	}
	path, start := c.Args().First(), time.Now()
	latestStep(c, path) // named; inspect finds it too
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
		printReport(c.App.Writer, r, c.Bool("stats"))
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

// printReport prints the config in short, a table of the tensors, and what they add up to.
func printReport(out io.Writer, r *inspect.Report, stats bool) {
	w := bufio.NewWriter(out) // the table writes every cell by itself
	defer w.Flush()
	var config []string
	for _, s := range r.Config {
		if s.Value != nil {
			config = append(config, fmt.Sprintf("%s %s", s.Name, fault.Printable(fmt.Sprint(s.Value))))
		}
	}
	printf(w, "%s (%s)\n", fault.Printable(r.Path), r.Kind)
	if r.Layout != "" {
		printf(w, "  %s\n", fault.Printable(r.Layout))
	}
	if len(config) > 0 {
		printf(w, "  %s\n", strings.Join(config, ", "))
	}
	printf(w, "\n")
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	head := "TENSOR\tDTYPE\tSHAPE\tPARAMETERS\tBYTES\tFILE"
	if stats {
		head += "\tMIN\tMAX\tMEAN\tNAN\tINF"
	}
	io.WriteString(table, head+"\n")
	for _, t := range r.Tensors {
		printf(table, "%s\t%s\t%s\t%d\t%d\t%s", fault.Printable(t.Name), fault.Printable(t.DType),
			tensor.ShapeString(t.Shape), t.Parameters, t.Bytes, fault.Printable(t.File))
		if stats {
			io.WriteString(table, "\t"+valueCells(t.Values))
		}
		printf(table, "\n")
	}
	table.Flush()
	printTotals(w, "DTYPE", r.ByDType())
	printTotals(w, "PART", append(r.ByPart(), r.Sum()))
}

func valueCells(v *inspect.Values) string {
	if v == nil {
		return "-\t-\t-\t-\t-"
	}
	cell := func(x *float64) string {
		if x == nil {
			return "-"
		}
		return fmt.Sprintf("%.6g", *x)
	}
	return fmt.Sprintf("%s\t%s\t%s\t%d\t%d", cell(v.Min), cell(v.Max), cell(v.Mean), v.NaN, v.Inf)
}

func printTotals(w io.Writer, by string, totals []inspect.Total) {
	printf(w, "\n")
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	printf(table, "%s\tTENSORS\tPARAMETERS\t\tBYTES\t\n", by)
	for _, t := range totals {
		printf(table, "%s\t%d\t%d\t(%s)\t%d\t(%s)\n", fault.Printable(t.Name), t.Tensors, t.Parameters, count(t.Parameters),
			t.Bytes, humanize.Bytes(uint64(t.Bytes)))
	}
	table.Flush()
}
