package main

import (
	"github.com/dustin/go-humanize"
	"github.com/urfave/cli/v2"

	"hf2olmo/convert/export"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/tensor"
)

func exportCommand() *cli.Command {
	return &cli.Command{
		Name:      "export",
		Usage:     "write the Hugging Face folder of one or more checkpoints",
		ArgsUsage: "CHECKPOINT...",
		Description: `CHECKPOINT is the folder of a checkpoint of allenai/OLMo or OLMo-core, in one file or as the ranks of a
run saved it (step<N>), or the folder of a run: then its latest step. transformers 4.57 and 5 load what is
written: config.json, model.safetensors, generation_config.json, and the tokenizer, if there is one in
CHECKPOINT, where its config names one (a file, a folder or a model in the cache), or in the checkpoint
that the run started from. What verl, EasyR1, SkyRL or accelerate saved in shards is merged: with its
own config.json, or that of --like.

   hf2olmo export run/step1000-unsharded
   hf2olmo export --into /scratch/hf --dtype bfloat16 run/step*
   hf2olmo export --like meta-llama/Llama-3.2-1B checkpoint-500

Everything is checked before a byte is written, and the folder appears whole or not at all. A model
that no class of transformers computes is refused.

Exit status: 0 all done, 1 a checkpoint failed (the others are done), 2 the call is wrong, 128+N stopped
by signal N, with nothing left behind.`,
		Flags: []cli.Flag{
			outputFlag("write the folder `DIR` (default: ./<checkpoint>-hf, without -unsharded)"),
			&cli.StringFlag{Name: "into", Usage: "write <checkpoint>-hf of each checkpoint into `DIR`"},
			dtypeFlag(),
			&cli.StringFlag{Name: "max-shard-size", Value: "5GB", Usage: "write files of at most `SIZE` (10^9 bytes: 1GB; " +
				"2^30: 1GiB); a larger tensor gets one of its own"},
			toggle("force", "replace an earlier export, once the new one is complete"),
			toggle("dry-run", "read headers only, and print what would be written"),
			toggle("json", "print one JSON object per checkpoint, each on its own line"),
			toggle("quiet", "print no progress and no summary"),
			jobsFlag("copy"),
			noCloneFlag(),
			&cli.StringFlag{Name: "tokenizer", Usage: "copy `FILE`, a tokenizer.json, the folder that contains it, or the " +
				"id of a model in the Hugging Face cache"},
			&cli.StringFlag{Name: like, Usage: "take tokenizer, chat template, generation config and what CHECKPOINT does not " +
				"say from the model `MODEL` that was trained"},
			noFollowFlag("CHECKPOINT"),
		},
		OnUsageError:    onUsageError,
		HideHelpCommand: true, // a checkpoint may be called "help"
		Action:          exportCheckpoints,
	}
}

func exportCheckpoints(c *cli.Context) error {
	o, err := exportOptions(c)
	if err != nil {
		return err
	}
	return eachSource(c, "exported", &o.Folder, func(source string, r *report) {
		latestStep(c, source) // named; export finds it too
		exportCheckpoint(c, source, o, r)
	})
}

func exportCheckpoint(c *cli.Context, source string, o export.Options, r *report) {
	e, err := export.Prepare(c.Context, source, o)
	if err != nil {
		r.failed(source, nil, err)
		return
	}
	planned := e.Planned()
	if c.Bool("dry-run") && !planned.Unchanged {
		r.plannedExport(source, e)
		return
	}
	result, err := e.Write(c.Context)
	if err != nil {
		r.failedAs(exportRecord(source, planned), err)
		return
	}
	r.exported(source, result)
}

func exportOptions(c *cli.Context) (o export.Options, err error) {
	o = export.Options{Output: c.String("output"), Into: c.String("into"), NoFollow: c.Bool(noFollow),
		Tokenizer: c.String("tokenizer"), Like: c.String(like)}
	if o.Folder, err = folderOptions(c, "checkpoint", "folder"); err != nil {
		return o, err
	}
	size, err := humanize.ParseBytes(c.String("max-shard-size"))
	if err != nil || size < 1 || size > 1<<62 {
		return o, usagef(c, "--max-shard-size %s: expected a size such as 5GB or 4GiB",
			fault.Printable(c.String("max-shard-size")))
	}
	o.MaxShard = int64(size)
	o.DType, err = chosenDType(c)
	return o, err
}

func exportRecord(source string, res *export.Result) convertRecord {
	return convertRecord{Source: source, Output: res.Output, ModelType: res.Family, DType: res.DType,
		Parameters: res.Parameters, Tensors: res.Tensors, Bytes: res.Bytes, SharedBytes: res.Shared, Seconds: res.Seconds}
}

func (r *report) exported(source string, res *export.Result) {
	r.warn(res.Warnings)
	r.finished(exportRecord(source, res), res.Unchanged, 0)
}

// plannedExport prints a dry run: which rows of which tensor each one would be.
func (r *report) plannedExport(source string, e *export.Export) {
	rec := exportRecord(source, e.Planned())
	rec.SharedBytes = e.Shareable()
	r.startPlan(rec, e.Warnings)
	for i, t := range e.Tensors {
		r.say("%s %s %s ← %s\n", t.Name, t.Content.DType, tensor.ShapeString(t.Shape), fault.Printable(e.Rows(i)))
	}
	r.endPlan(rec, 0)
}
