package main

import (
	"strings"

	"github.com/urfave/cli/v2"

	"hf2olmo/convert"
	"hf2olmo/convert/between"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/native"
	"hf2olmo/convert/tensor"
)

// convertCheckpoint converts a checkpoint of a trainer: for its own trainer it is made unsharded.
func convertCheckpoint(c *cli.Context, source string, o convert.Options, r *report) {
	own := defaultTarget
	if native.Recognize(native.Find(source)) == native.CoreTrainer {
		own = coreTarget
	}
	switch {
	case o.Keymap != nil:
		r.failed(source, nil, &fault.Fault{File: source, Problem: "is a checkpoint, and no table is applied to it",
			Hint: "Leave --keymap out."})
	case own == defaultTarget && o.Target == own, !c.IsSet("target"):
		unshardCheckpoint(c, source, o, r)
	default:
		crossCheckpoint(c, source, o, r)
	}
}

// coreTarget is what --target calls OLMo-core.
const coreTarget = "olmo-core"

// crossCheckpoint makes a checkpoint of one trainer one of the other.
func crossCheckpoint(c *cli.Context, source string, o convert.Options, r *report) {
	crossing, err := between.Prepare(c.Context, source, between.Options{
		Target: o.Target, Output: o.Output, Into: o.Into, DType: o.DType, NoOptimizer: c.Bool("no-optimizer"),
		AllowNaN: o.AllowNaN, NoFollow: o.NoFollow, Tokenizer: o.Tokenizer,
		Folder: o.Folder,
	})
	if err != nil {
		r.failed(source, nil, err)
		return
	}
	planned := crossing.Planned()
	if c.Bool("dry-run") && !planned.Unchanged {
		r.plannedCrossing(source, crossing)
		return
	}
	result, err := crossing.Write(c.Context)
	if err != nil {
		r.failedAs(crossRecord(source, planned), err)
		return
	}
	r.warn(result.Warnings)
	r.finished(crossRecord(source, result), result.Unchanged, result.Moments)
	advise(r, func() {
		for _, note := range result.Notes {
			r.say("%s\n", note)
		}
	})
}

func crossRecord(source string, res *between.Result) convertRecord {
	return convertRecord{Source: source, Output: res.Output, ModelType: res.Family, DType: res.DType,
		Parameters: res.Parameters, Tensors: res.Tensors, Bytes: res.Bytes, SharedBytes: res.Shared, Seconds: res.Seconds,
		TrainCommand: res.Command}
}

// plannedCrossing prints a dry run.
func (r *report) plannedCrossing(source string, crossing *between.Crossing) {
	res := crossing.Planned()
	rec := crossRecord(source, res)
	rec.SharedBytes = crossing.Shareable()
	r.startPlan(rec, crossing.Warnings)
	for i := range crossing.Tensors() {
		t := &crossing.Tensors()[i]
		r.say("%s %s %s ← %s\n", fault.Printable(t.Name), t.Content.DType, tensor.ShapeString(t.Shape),
			strings.Join(crossing.Origin(t), " + "))
	}
	r.endPlan(rec, res.Moments)
}
