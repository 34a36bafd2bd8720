package main

import (
	"fmt"

	"github.com/dustin/go-humanize"
	"github.com/urfave/cli/v2"

	"hf2olmo/convert"
	"hf2olmo/convert/disk"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/native"
	"hf2olmo/convert/output"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/unshard"
)

// unshardCheckpoint makes an unsharded checkpoint of a sharded one. o are the options of
// convert.
func unshardCheckpoint(c *cli.Context, source string, o convert.Options, r *report) {
	if problem, hint := notUnsharding(source, o); problem != "" {
		r.failed(source, nil, &fault.Fault{File: source, Problem: problem, Hint: hint})
		return
	}
	u, err := unshard.Prepare(c.Context, source, unshard.Options{
		Output: o.Output, Into: o.Into, DType: o.DType, NoOptimizer: c.Bool("no-optimizer"), AllowNaN: o.AllowNaN,
		NoFollow: o.NoFollow, Tokenizer: o.Tokenizer,
		Folder: output.Options{Force: o.Force, Jobs: o.Jobs, Progress: o.Progress, Waiting: o.Waiting, Claim: o.Claim},
	})
	if err != nil {
		r.failed(source, nil, err)
		return
	}
	rec := unshardRecord(source, u.Planned())
	if c.Bool("dry-run") && !rec.unchanged {
		r.plannedUnsharding(rec, u)
		return
	}
	result, err := u.Write(c.Context)
	if err != nil {
		r.failedAs(rec.convertRecord, err)
		return
	}
	r.unsharded(source, result)
}

// notUnsharding returns why a checkpoint is not unsharded with these options.
func notUnsharding(source string, o convert.Options) (problem, hint string) {
	switch {
	case o.Keymap != nil:
		return "is a checkpoint, and no table is applied to it", "Leave --keymap out."
	case o.Target != defaultTarget && native.Recognize(native.Find(source)) == native.CoreTrainer:
		return "is a checkpoint of OLMo-core's trainer already",
			"OLMo-core loads it with any number of GPUs as it is: give the folder as load_path."
	case o.Target != defaultTarget:
		return "is a checkpoint, and it is not converted for another trainer than its own", "Leave --target out."
	}
	return "", ""
}

// unsharding is what is printed of one.
type unsharding struct {
	convertRecord
	moments   int
	unchanged bool
}

// contents says in short what is in the output.
func (u *unsharding) contents() string {
	return fmt.Sprintf("%s parameters in %d tensors%s, %s", count(u.Parameters), u.Tensors, ofOptimizer(u.moments),
		u.DType)
}

// ofOptimizer says how many of the tensors are the optimizer's.
func ofOptimizer(moments int) string {
	if moments == 0 {
		return ""
	}
	return fmt.Sprintf(", %d of them the optimizer's", moments)
}

func unshardRecord(source string, res *unshard.Result) unsharding {
	return unsharding{convertRecord{Source: source, Output: res.Output, ModelType: string(res.Kind), DType: res.DType,
		Parameters: res.Parameters, Tensors: res.Tensors, Bytes: res.Bytes, Seconds: res.Seconds,
		TrainCommand: res.Command}, res.Moments, res.Unchanged}
}

func (r *report) unsharded(source string, res *unshard.Result) {
	r.warn(res.Warnings)
	rec := unshardRecord(source, res)
	rec.Status = "converted"
	if res.Unchanged {
		r.unchanged++
		rec.Status = "unchanged"
		r.line(rec.convertRecord)
		r.say("%s (%s) → %s: unchanged, already up to date\n", fault.Printable(source), res.Kind, res.Output)
		return
	}
	r.done++
	r.line(rec.convertRecord)
	r.say("%s (%s) → %s\n", fault.Printable(source), res.Kind, res.Output)
	r.say("  %s; %s in %.1f s\n", rec.contents(), humanize.Bytes(uint64(res.Bytes)), res.Seconds)
	r.say("To continue the training, in a clone of allenai/OLMo, with the run's folder for the dots:\n  %s\n", res.Command)
}

// plannedUnsharding prints a dry run.
func (r *report) plannedUnsharding(rec unsharding, u *unshard.Unsharding) {
	r.done++
	r.warn(u.Warnings)
	rec.Status = "planned"
	r.line(rec.convertRecord)
	for _, t := range u.Tensors {
		pieces := max(1, len(t.Content.Parts[0].Blocks))
		what := "pieces"
		if pieces == 1 {
			what = "piece"
		}
		r.say("%s %s %s ← %d %s\n", fault.Printable(t.Name), t.Content.DType, tensor.ShapeString(t.Shape), pieces, what)
	}
	r.say("%s (%s) → %s, not written: this is a dry run\n", fault.Printable(rec.Source), rec.ModelType, rec.Output)
	r.say("  %s\n", rec.contents())
	r.say("  %s (%d bytes) to be written", humanize.Bytes(uint64(rec.Bytes)), rec.Bytes)
	if free, known := disk.FreeSpace(rec.Output); known {
		r.say("; %s free on the disk", humanize.Bytes(uint64(free)))
	}
	r.say("\n")
}
