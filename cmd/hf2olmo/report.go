package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/dustin/go-humanize"

	"hf2olmo/convert"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/folder"
	"hf2olmo/convert/tensor"
)

// report tells what became of each model: results on standard output, for people
// or as JSON; warnings and errors on standard error.
type report struct {
	out, err    io.Writer
	json, quiet bool
	models      int
	done, bad   int
}

// record is one line of --json. Its fields are fixed: scripts depend on them.
type record struct {
	Source       string  `json:"source"`
	Output       string  `json:"output"`
	ModelType    string  `json:"model_type"`
	DType        string  `json:"dtype"`
	Parameters   int64   `json:"parameters"`
	Tensors      int     `json:"tensors"`
	Bytes        int64   `json:"bytes"`
	Seconds      float64 `json:"seconds"`
	Status       string  `json:"status"` // converted, planned, failed
	Error        string  `json:"error"`
	TrainCommand string  `json:"train_command"`
}

func (r *report) line(rec record) {
	if !r.json {
		return
	}
	text, err := json.Marshal(rec)
	if err == nil {
		fmt.Fprintf(r.out, "%s\n", text)
	}
}

func (r *report) say(format string, args ...any) {
	if !r.json && !r.quiet {
		fmt.Fprintf(r.out, format, args...)
	}
}

func (r *report) warn(warnings []string) {
	for _, w := range warnings {
		fmt.Fprintf(r.err, "warning: %s\n", w)
	}
}

func (r *report) converted(source string, res *convert.Result) {
	r.done++
	r.warn(res.Warnings)
	r.line(record{Source: source, Output: res.Output, ModelType: res.Family, DType: res.DType, Parameters: res.Parameters,
		Tensors: res.Tensors, Bytes: res.Bytes, Seconds: res.Seconds, Status: "converted", TrainCommand: res.Command})
	r.say("%s (%s) → %s\n", fault.Printable(source), res.Family, res.Output)
	r.say("  %s parameters in %d tensors, %s; %s in %.1f s\n", count(res.Parameters), res.Tensors, res.DType,
		humanize.Bytes(uint64(res.Bytes)), res.Seconds)
	r.howToTrain(res)
}

// howToTrain prints the command that trains from the folder, or how a script uses it.
func (r *report) howToTrain(res *convert.Result) {
	if res.Advice == nil {
		r.say("To train from it, in a clone of allenai/OLMo, with your data and the run's folder for the dots:\n  %s\n", res.Command)
		return
	}
	r.say("To train from it with OLMo-core 3.0.0: load_path in your script (or --trainer.load_path=... on the command line of\nOLMo-core's own), and the model built from config.json:\n")
	for _, line := range res.Advice {
		r.say("  %s\n", line)
	}
}

// planned prints a dry run: what each tensor would be made of, and the room for it.
func (r *report) planned(source string, c *convert.Conversion) {
	r.done++
	r.warn(c.Warnings)
	r.line(record{Source: source, Output: c.Output, ModelType: c.Family, DType: c.DType(), Parameters: c.Parameters(),
		Tensors: len(c.Tensors), Bytes: c.Bytes(), Status: "planned", TrainCommand: c.Command()})
	for _, t := range c.Tensors {
		var parts []string
		for _, p := range t.Content.Parts {
			parts = append(parts, fault.Printable(p.Name))
		}
		if t.Content.Add != 0 {
			parts = append(parts, fmt.Sprint(t.Content.Add))
		}
		if t.Same != "" {
			parts = []string{"the same as " + t.Same}
		}
		r.say("%s %s %s ← %s\n", t.Name, t.Content.DType, tensor.ShapeString(t.Shape), strings.Join(parts, " + "))
	}
	r.say("%s (%s) → %s, not written: this is a dry run\n", fault.Printable(source), c.Family, c.Output)
	r.say("  %s parameters in %d tensors, %s\n", count(c.Parameters()), len(c.Tensors), c.DType())
	r.say("  %s (%d bytes) to be written", humanize.Bytes(uint64(c.Bytes())), c.Bytes())
	if free, known := folder.FreeSpace(c.Output); known {
		r.say("; %s free on the disk", humanize.Bytes(uint64(free)))
	}
	r.say("\n")
}

func (r *report) failed(source string, err error) {
	r.bad++
	var faults fault.List
	faults.Add("", err)
	if errors.Is(err, context.Canceled) {
		faults = fault.List{{Problem: "stopped before it was done; nothing was left behind"}}
	}
	r.line(record{Source: source, Status: "failed", Error: faults.Error()})
	fmt.Fprintf(r.err, "hf2olmo: %s: not converted\n", fault.Printable(source))
	for i, line := range faults.Lines() {
		fmt.Fprintf(r.err, "  %s\n", line.Text)
		lines := faults.Lines()
		last := i == len(lines)-1 || lines[i+1].Hint != line.Hint
		if line.Hint != "" && last {
			fmt.Fprintf(r.err, "    %s\n", line.Hint)
		}
	}
}

// notDone tells which models a signal left undone.
func (r *report) notDone(sources []string) {
	r.bad += len(sources)
	for _, s := range sources {
		r.line(record{Source: s, Status: "failed", Error: "stopped before it was begun"})
		fmt.Fprintf(r.err, "hf2olmo: %s: not begun\n", fault.Printable(s))
	}
}

// end sums up several models.
func (r *report) end() error {
	if r.models > 1 && (!r.quiet || r.bad > 0) {
		fmt.Fprintf(r.err, "%d done, %d failed\n", r.done, r.bad)
	}
	if r.bad > 0 {
		return errFailed
	}
	return nil
}

// count writes a number of parameters as the field does: 1.48 B.
func count(n int64) string {
	value, unit := humanize.ComputeSI(float64(n))
	switch unit {
	case "G":
		unit = "B"
	case "k":
		unit = "K"
	}
	return strings.TrimSpace(humanize.FtoaWithDigits(value, 2) + " " + unit)
}
