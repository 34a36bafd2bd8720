package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/dustin/go-humanize"

	"hf2olmo/convert"
	"hf2olmo/convert/disk"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/tensor"
)

// report prints what became of each model: results on standard output, for people
// or as JSON; warnings and errors on standard error.
type report struct {
	out, err        io.Writer
	json, quiet     bool
	models          int
	verb            string // what is done to models: converted, exported
	done, unchanged int
	bad             []string // the models that failed
	advice          func()   // says how the last output is used
}

func (r *report) line(rec convertRecord) {
	if !r.json {
		return
	}
	if rec.LeftOut == nil {
		rec.LeftOut = []leftOutRecord{} // [], not null
	}
	writeJSON(r.out, rec)
}

func (r *report) say(format string, args ...any) {
	if !r.json && !r.quiet {
		printf(r.out, format, args...)
	}
}

// waiting says that another process is writing an output.
func (r *report) waiting(output string) {
	printf(r.err, "%s: another hf2olmo is writing it; waiting until it ends\n", fault.Printable(output))
}

func (r *report) warn(warnings []string) {
	for _, w := range warnings {
		printf(r.err, "warning: %s\n", w)
	}
}

// contents says in short what is in an output, of whose tensors so many are the optimizer's.
func contents(rec convertRecord, moments int) string {
	return fmt.Sprintf("%s parameters in %d tensors%s, %s", count(rec.Parameters), rec.Tensors, ofOptimizer(moments),
		rec.DType)
}

// ofOptimizer says how many of the tensors are the optimizer's.
func ofOptimizer(moments int) string {
	if moments == 0 {
		return ""
	}
	return fmt.Sprintf(", %d of them the optimizer's", moments)
}

// advise prints how an output is used: at once, or if there are several models once, for the last of them.
func advise(r *report, say func()) {
	if r.models > 1 {
		r.advice = say
		return
	}
	say()
}

// finished prints what became of a source.
func (r *report) finished(rec convertRecord, unchanged bool, moments int) {
	if unchanged {
		r.unchanged++
		rec.Status = "unchanged"
		r.line(rec)
		r.say("%s (%s) → %s: unchanged, already up to date\n", fault.Printable(rec.Source), rec.ModelType, rec.Output)
		return
	}
	r.done++
	rec.Status = "converted"
	r.line(rec)
	r.say("%s (%s) → %s\n", fault.Printable(rec.Source), rec.ModelType, rec.Output)
	r.say("  %s; %s%s in %.1f s\n", contents(rec, moments), humanize.Bytes(uint64(rec.Bytes)),
		sharing(rec, ", %s of them shared with the source,"), rec.Seconds)
}

// startPlan counts a dry run and prints its warnings; the tensors follow, then endPlan.
func (r *report) startPlan(rec convertRecord, warnings []string) {
	r.done++
	r.warn(warnings)
	rec.Status = "planned"
	r.line(rec)
}

// endPlan prints what a dry run comes to, and the space needed.
func (r *report) endPlan(rec convertRecord, moments int) {
	r.say("%s (%s) → %s, not written: this is a dry run\n", fault.Printable(rec.Source), rec.ModelType, rec.Output)
	r.say("  %s\n", contents(rec, moments))
	r.say("  %s to write%s", humanize.Bytes(uint64(rec.Bytes)), sharing(rec, ", up to %s of them shared with the source"))
	if free, known := disk.FreeSpace(rec.Output); known {
		r.say("; %s free on the disk", humanize.Bytes(uint64(free)))
	}
	r.say("\n")
}

func (r *report) converted(source string, res *convert.Result) {
	r.warn(res.Warnings)
	rec := convertRecord{Source: source, Output: res.Output, ModelType: res.Family, DType: res.DType,
		Parameters: res.Parameters, Tensors: res.Tensors, Bytes: res.Bytes, SharedBytes: res.Shared, Seconds: res.Seconds,
		TrainCommand: res.Command, LeftOut: newLeftOut(res.LeftOut)}
	r.finished(rec, res.Unchanged, 0)
	if !res.Unchanged {
		r.leftOut(rec)
	}
	advise(r, func() { r.howToTrain(res) })
}

// howToTrain prints the command that trains from the folder, or how a script uses it.
func (r *report) howToTrain(res *convert.Result) {
	if res.Advice == nil {
		r.say("To train from it, in a clone of allenai/OLMo, with your data and the run's folder for the dots:\n  %s\n",
			res.Command)
		return
	}
	if res.Command == "" { // of a folder without train.py
		r.say("To train from it with OLMo-core %s or newer, in a script of your own:\n", res.Since)
	} else {
		r.say("To train from it with OLMo-core %s or newer, with your token files in place of tokens.npy:\n  %s\n",
			res.Since, res.Command)
		r.say("Or in a script of your own:\n")
	}
	for _, line := range res.Advice {
		r.say("  %s\n", line)
	}
}

// recordOf is what is known of a conversion before it is written.
func recordOf(source string, c *convert.Conversion) convertRecord {
	return convertRecord{Source: source, Output: c.Output, ModelType: c.Family, DType: c.DType(),
		Parameters: c.Parameters(), Tensors: len(c.Tensors), Bytes: c.Bytes(), TrainCommand: c.Command(),
		LeftOut: newLeftOut(c.LeftOut)}
}

// planned prints a dry run: what each tensor would be made from, and the space needed.
func (r *report) planned(source string, c *convert.Conversion) {
	rec := recordOf(source, c)
	rec.SharedBytes = c.Shareable()
	r.startPlan(rec, c.Warnings)
	for _, t := range c.Tensors {
		r.say("%s %s %s ← %s\n", t.Name, t.Content.DType, tensor.ShapeString(t.Shape), madeOf(&t))
	}
	r.endPlan(rec, 0)
	r.leftOut(rec)
}

// failed reports why a model was not converted. c is nil if there was no conversion.
func (r *report) failed(source string, c *convert.Conversion, err error) {
	rec := convertRecord{Source: source}
	if c != nil {
		rec = recordOf(source, c)
	}
	r.failedAs(rec, err)
}

// failedAs is failed for a record of what was known before.
func (r *report) failedAs(rec convertRecord, err error) {
	source := rec.Source
	r.bad = append(r.bad, source)
	faults := faultsOf(err)
	if r.json { // to word many faults takes time, which printFaults takes too
		rec.TrainCommand, rec.Status, rec.Error = "", "failed", faults.Error()
		r.line(rec)
	}
	printf(r.err, "hf2olmo: %s: not %s\n", fault.Printable(source), r.verb)
	printFaults(r.err, faults)
}

// faultsOf returns the faults in an error. A signal is reported with what it means for the
// output: a fault beside it is something that could not be removed.
func faultsOf(err error) fault.List {
	var signalled signalError
	var faults, left fault.List
	switch {
	case !errors.As(err, &signalled):
		faults.Add("", err)
	case errors.As(err, &left):
		faults = append(fault.List{{Problem: signalled.Error() + " before it was done"}}, left...)
	default:
		faults = fault.List{{Problem: signalled.Error() + " before it was done; nothing was left behind"}}
	}
	return faults
}

// printFaults prints one line per fault, and a hint once if several in a row share it.
func printFaults(w io.Writer, faults fault.List) {
	lines := faults.Lines()
	for i, line := range lines {
		printf(w, "  %s\n", line.Text)
		last := i == len(lines)-1 || lines[i+1].Hint != line.Hint
		if line.Hint != "" && last {
			printf(w, "    %s\n", line.Hint)
		}
	}
}

// notDone reports which models a signal left undone.
func (r *report) notDone(sources []string) {
	r.bad = append(r.bad, sources...)
	for _, s := range sources {
		r.line(convertRecord{Source: s, Status: "failed", Error: "stopped before it started"})
		printf(r.err, "hf2olmo: %s: not started\n", fault.Printable(s))
	}
}

// end summarizes several models.
func (r *report) end() error {
	if r.advice != nil {
		r.say("\nThe others are used like the last one:\n")
		r.advice()
	}
	if r.models > 1 && (!r.quiet || len(r.bad) > 0) {
		parts := []string{fmt.Sprintf("%d done", r.done)}
		if r.unchanged > 0 {
			parts = append(parts, fmt.Sprintf("%d unchanged", r.unchanged))
		}
		parts = append(parts, fmt.Sprintf("%d failed", len(r.bad)))
		printf(r.err, "%s\n", strings.Join(parts, ", "))
		for _, source := range r.bad {
			printf(r.err, "  failed: %s\n", fault.Printable(source))
		}
	}
	if len(r.bad) > 0 {
		return errFailed
	}
	return nil
}
