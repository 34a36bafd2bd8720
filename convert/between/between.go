// Package between turns a checkpoint of one of AI2's trainers into one of the other, from which
// training continues: the model, the optimizer's state, and how far the run has come. One of
// OLMo-core may also stay one, cast or without its optimizer's state. One run reads like this:
//
//	Prepare   native.Open     every file's headers: the full tensors, as blocks of bytes
//	          middle.Of       the model of Hugging Face that computes the same, never on the disk
//	          match.Of        that by the table of the other trainer: its config and its tensors
//	          parameters      AdamW's moments, split and fused as the tensors are
//	          trainer.Files   where every byte of the other trainer's checkpoint will be
//	          output          whether the folder exists already, made from the same
//	Write     CompareCopies   what replicas saved, byte for byte
//	          output.Write    copied in parallel, checked, read back, renamed
//
// # What is carried over
//
// The step, the epoch and the tokens seen; of each parameter exp_avg, exp_avg_sq, the steps that
// AdamW has made with it, and its lr, betas, eps and weight decay. What each trainer takes from the
// checkpoint and what from its own config differs, and is said: see Result.Notes.
//
// Not carried over is the position in the data, which the two trainers put in different orders:
// training continues at the first batch of the epoch.
//
// Sources: olmo/train.py, olmo/optim.py and olmo/checkpoint.py of ai2-olmo 0.6.0;
// olmo_core/train/checkpoint.py, olmo_core/train/trainer.py and olmo_core/optim of ai2-olmo-core 3.0.0.
package between

import (
	"context"
	"time"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/match"
	"hf2olmo/convert/middle"
	"hf2olmo/convert/native"
	"hf2olmo/convert/output"
	"hf2olmo/convert/sharded"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/trainer"
)

// Options are what the user chose.
type Options struct {
	Target      string       // the trainer, as package keymap names it
	Output      string       // the checkpoint folder; "" for one in Into that is called after the run and the step
	Into        string       // "" for the working directory
	DType       tensor.DType // of the model and the moments; Invalid keeps each as it is
	NoOptimizer bool         // leave the optimizer's state out
	AllowNaN    bool
	NoFollow    bool   // refuse links that lead out of the checkpoint
	Tokenizer   string // what the config will name; "" for the checkpoint's own
	Folder      output.Options
}

// A Crossing is a checkpoint that was checked whole and can be written for the other trainer.
type Crossing struct {
	Checkpoint *native.Checkpoint
	Output     string // the absolute path of the folder
	Warnings   []string

	options    Options
	configFile string        // the checkpoint's
	from       *middle.Model // nil of a checkpoint that stays one of its trainer
	to         *match.Match
	trainer    trainer.Trainer
	run        *run
	own        map[string][]byte // files that are copied as they are, nil for those that are left out
	inputs     *trainer.Inputs
	origins    map[string][]string // see Origin
	adamW      map[string]adamW    // of the other trainer's parameters
	out        *output.Output
	content    output.Content
}

// Result is what was written.
type Result struct {
	Output     string
	Family     string
	DType      string // of the model, "mixed" if tensors differ
	Parameters int64
	Tensors    int   // with the optimizer's
	Moments    int   // the optimizer's of them
	Bytes      int64 // of all files
	Shared     int64 // bytes of them that are on the disk once, for the source too
	Seconds    float64
	Warnings   []string
	Command    string   // continues the training
	Notes      []string // what the trainer takes from where, a line each
	Unchanged  bool     // it existed already, and nothing was written
}

// Write makes the checkpoint folder. It appears whole, or not at all. One that exists
// already, made from the same, is left alone.
func (c *Crossing) Write(ctx context.Context) (*Result, error) {
	start := time.Now()
	if !c.out.Unchanged {
		o, moments := &c.options.Folder, c.read()[len(c.Checkpoint.Model):]
		if c.from == nil {
			moments = c.read()
		} else if err := middle.CompareCopies(ctx, c.from, o.Jobs, o.Progress, c.content.Title); err != nil {
			return nil, err
		}
		if err := sharded.ShowCompareCopies(ctx, moments, o.Jobs, o.Progress, c.content.Title); err != nil {
			return nil, err
		}
	}
	warnings, err := c.out.Write(ctx, &c.content)
	if err != nil {
		return nil, err
	}
	c.Warnings = append(c.Warnings, warnings...)
	r := c.Planned()
	r.Seconds, r.Shared, r.Warnings = time.Since(start).Seconds(), c.out.Shared, c.Warnings
	return r, nil
}

// Shareable returns how many of the bytes could share the blocks of their sources, as far as that is known without
// writing.
func (c *Crossing) Shareable() int64 { return c.out.Shareable(&c.content) }

// Planned is the Result as far as it is known before anything is written.
func (c *Crossing) Planned() *Result {
	all := c.content.Tensors
	return &Result{Output: c.Output, Family: c.to.Family, DType: assemble.DType(c.to.Tensors),
		Parameters: assemble.Parameters(c.to.Tensors), Tensors: len(all), Moments: len(all) - len(c.to.Tensors),
		Bytes: c.content.Bytes(), Warnings: c.Warnings, Command: c.trainer.Command(c.Output), Notes: guide{c}.notes(),
		Unchanged: c.out.Unchanged}
}

// Tensors are what is written: the model's, then the optimizer's.
func (c *Crossing) Tensors() []assemble.Tensor { return c.content.Tensors }

// Origin says what one of Tensors is made of: tensors of the checkpoint, with the rows of those of
// which it is not all.
func (c *Crossing) Origin(t *assemble.Tensor) []string {
	if t.Same != "" {
		return []string{"same as " + t.Same}
	}
	return c.origins[t.Name]
}

// read are the checkpoint's tensors that are copied.
func (c *Crossing) read() []*sharded.Tensor {
	if !c.trained() {
		return c.Checkpoint.Model
	}
	return c.Checkpoint.Tensors()
}

// trained reports whether the optimizer's state is carried over.
func (c *Crossing) trained() bool { return c.inputs.Training.Parameters != nil }
