package main

import (
	"github.com/urfave/cli/v2"

	"hf2olmo/convert"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/unshard"
)

// unshardCheckpoint makes an unsharded checkpoint of a sharded one. o are the options of
// convert.
func unshardCheckpoint(c *cli.Context, source string, o convert.Options, r *report) {
	u, err := unshard.Prepare(c.Context, source, unshard.Options{
		Output: o.Output, Into: o.Into, DType: o.DType, NoOptimizer: c.Bool("no-optimizer"), AllowNaN: o.AllowNaN,
		NoFollow: o.NoFollow, Tokenizer: o.Tokenizer,
		Folder: o.Folder,
	})
	if err != nil {
		r.failed(source, nil, err)
		return
	}
	planned := u.Planned()
	if c.Bool("dry-run") && !planned.Unchanged {
		r.plannedUnsharding(source, u)
		return
	}
	result, err := u.Write(c.Context)
	if err != nil {
		r.failedAs(unshardRecord(source, planned), err)
		return
	}
	r.unsharded(source, result)
}

func unshardRecord(source string, res *unshard.Result) convertRecord {
	return convertRecord{Source: source, Output: res.Output, ModelType: string(res.Kind), DType: res.DType,
		Parameters: res.Parameters, Tensors: res.Tensors, Bytes: res.Bytes, SharedBytes: res.Shared, Seconds: res.Seconds,
		TrainCommand: res.Command}
}

func (r *report) unsharded(source string, res *unshard.Result) {
	r.warn(res.Warnings)
	r.finished(unshardRecord(source, res), res.Unchanged, res.Moments)
	advise(r, func() {
		r.say("To continue the training, in a clone of allenai/OLMo, with the run's folder for the dots:\n  %s\n",
			res.Command)
	})
}

// plannedUnsharding prints a dry run.
func (r *report) plannedUnsharding(source string, u *unshard.Unsharding) {
	res := u.Planned()
	rec := unshardRecord(source, res)
	rec.SharedBytes = u.Shareable()
	r.startPlan(rec, u.Warnings)
	for _, t := range u.Tensors {
		pieces := max(1, len(t.Content.Parts[0].Blocks))
		what := "pieces"
		if pieces == 1 {
			what = "piece"
		}
		r.say("%s %s %s ← %d %s\n", fault.Printable(t.Name), t.Content.DType, tensor.ShapeString(t.Shape), pieces, what)
	}
	r.endPlan(rec, res.Moments)
}
