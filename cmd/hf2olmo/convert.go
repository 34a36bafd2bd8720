package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"hf2olmo/convert"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/unshard"
	"hf2olmo/keymap"
)

func convertCommand() *cli.Command {
	return &cli.Command{
		Name:      "convert",
		Usage:     "write the checkpoint folder of one or more models",
		ArgsUsage: "MODEL...",
		Description: `MODEL is a folder with config.json and weights (.safetensors or pytorch_model.bin,
single or sharded), a weights file, or the id of a model in the local Hugging Face cache; or the
sharded model of a training run: global_step_N of verl, EasyR1 or SkyRL, checkpoint-N of accelerate
or the HF Trainer. Its checkpoint is called after that folder.

   hf2olmo convert ~/models/OLMo-2-0425-1B
   hf2olmo convert --into /scratch/native --dtype float32 models/*
   hf2olmo convert --like allenai/OLMo-2-0425-1B run/checkpoint-500

MODEL may also be a sharded checkpoint of allenai/OLMo, or the folder of a run (its latest step). It
becomes step<N>-unsharded, with the optimizer: training continues from there on any number of GPUs.

   hf2olmo convert runs/OLMo-1B/step5000

For the other trainer it becomes <run>-olmo-core/step<N>, with AdamW's moments, from which the run goes on.

   hf2olmo convert --target olmo-core runs/OLMo-1B/step5000

Everything is checked before a byte is written, and the folder appears whole or not at all. One that
was converted already, from the same source with the same options, is left alone (unchanged).
What remains to be done is printed: the command that starts training.

Exit status: 0 all done, 1 a model failed (the others are done), 2 the command line is wrong, 128+N stopped by
signal N, with nothing left behind.`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "target", Value: defaultTarget,
				Usage: "the trainer that the checkpoint is `FOR`: olmo (allenai/OLMo) or olmo-core (OLMo-core 3.0.0)"},
			outputFlag("write the checkpoint folder `DIR`; for olmo -unsharded is appended where " +
				"missing, for olmo-core nothing (default: ./<model>-unsharded, ./<model>-olmo-core/step0)"),
			&cli.StringFlag{Name: "into", Usage: "write <model>-unsharded, or <model>/step0, of each model into `DIR`"},
			dtypeFlag(),
			toggle("force", "replace an earlier conversion, once the new one is complete"),
			toggle("dry-run", "read headers only, and print what would be written"),
			toggle("json", "print one JSON object per model, each on its own line"),
			toggle("quiet", "print no progress and no summary"),
			jobsFlag("copy"),
			noCloneFlag(),
			&cli.StringFlag{Name: "tokenizer", Usage: "name `ID` as tokenizer in the config: a tokenizer.json, the folder " +
				"that contains it, a name bundled with OLMo, or an id of the hub"},
			&cli.StringFlag{Name: "keymap", Usage: "use the table in `FILE` (see hf2olmo keymap)"},
			toggle("allow-nan", "accept tensors that contain NaN"),
			likeFlag(),
			toggle("no-optimizer", "of a checkpoint, write the model alone"),
			noFollowFlag("MODEL"),
		},
		OnUsageError:    onUsageError,
		HideHelpCommand: true, // a model may be called "help"
		Action:          convertModels,
	}
}

func convertModels(c *cli.Context) error {
	o, err := convertOptions(c)
	if err != nil {
		return err
	}
	return eachSource(c, "converted", &o.Folder, func(source string, r *report) {
		if !unshard.Accepts(source) {
			convertModel(c.Context, source, o, c.Bool("dry-run"), r)
			return
		}
		latestStep(c, source) // named; convert finds it too
		setMemoryGoal(checkpointGoal)
		defer setMemoryGoal(memoryGoal)
		convertCheckpoint(c, source, o, r)
	})
}

func convertModel(ctx context.Context, source string, o convert.Options, dryRun bool, r *report) {
	conversion, err := convert.Prepare(ctx, source, o)
	if err != nil {
		r.failed(source, nil, err)
		return
	}
	if dryRun && !conversion.Unchanged() {
		r.planned(source, conversion)
		return
	}
	result, err := conversion.Write(ctx)
	if err != nil {
		r.failed(source, conversion, err)
		return
	}
	r.converted(source, result)
}

func convertOptions(c *cli.Context) (o convert.Options, err error) {
	o = convert.Options{
		Output: c.String("output"), Into: c.String("into"), AllowNaN: c.Bool("allow-nan"), Like: c.String(like),
		NoFollow: c.Bool(noFollow), Tokenizer: c.String("tokenizer"),
	}
	if o.Folder, err = folderOptions(c, "model", "checkpoint"); err != nil {
		return o, err
	}
	if o.DType, err = chosenDType(c); err != nil {
		return o, err
	}
	if file := c.String("keymap"); file != "" {
		if o.Keymap, err = readKeymap(file); err != nil {
			return o, usagef(c, "--keymap %s: %v", file, err)
		}
	}
	if err := chooseTarget(c, &o); err != nil {
		return o, err
	}
	return o, findTokenizer(c, &o)
}

// chosenDType is the value of --dtype, Invalid for auto.
func chosenDType(c *cli.Context) (tensor.DType, error) {
	name := strings.ToLower(c.String("dtype"))
	if long, ok := shortDTypes[name]; ok {
		name = long
	}
	if name == "auto" {
		return tensor.Invalid, nil
	}
	dtype := tensor.ParseDType(name)
	if !dtype.Convertible() {
		return dtype, usagef(c, "--dtype %s: expected auto, float32, bfloat16 or float16", fault.Printable(c.String("dtype")))
	}
	return dtype, nil
}

// findTokenizer makes a path of --tokenizer absolute.
func findTokenizer(c *cli.Context, o *convert.Options) error {
	found, err := convert.FindTokenizer(o.Target, o.Tokenizer)
	if f := new(fault.Fault); errors.As(err, &f) {
		return usageError{c.Command.Name, f.Error(), f.Hint}
	}
	o.Tokenizer = found
	return err
}

// chooseTarget takes the target that was named, else that of the user's own table.
func chooseTarget(c *cli.Context, o *convert.Options) error {
	if o.Keymap != nil && !c.IsSet("target") {
		o.Target = o.Keymap.Target
		return nil
	}
	o.Target = c.String("target")
	switch {
	case !slices.Contains(keymap.Targets(), o.Target):
		return usageError{c.Command.Name, "--target " + fault.Printable(o.Target) + ": expected " +
			strings.Join(keymap.Targets(), " or "), didYouMean(nearest(strings.ToLower(o.Target), keymap.Targets()))}
	case o.Keymap != nil && o.Keymap.Target != o.Target:
		return usagef(c, "--target %s, but the table of --keymap is for %s", o.Target, o.Keymap.Target)
	}
	return nil
}

// readKeymap reads a user's own table.
func readKeymap(path string) (*keymap.Table, error) {
	text, err := regular.Read(path, keymap.MaxSize)
	if err != nil {
		return nil, err
	}
	return keymap.Parse(text)
}
