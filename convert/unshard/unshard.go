// Package unshard turns a sharded checkpoint of allenai/OLMo's trainer into an unsharded
// one, so that training continues on any number of GPUs. One run reads like this:
//
//	Prepare   native.Open     every file's headers: the full tensors, as blocks of bytes
//	          CheckShapes     names and shapes against config.yaml
//	          layout          model.pt and optim.pt: where every byte will be
//	          output          whether the folder exists already, made from the same
//	Write     CompareCopies   what replicas saved, byte for byte
//	          output.Write    copied in parallel, checked, read back, renamed
//
// # What is written
//
//	model.pt      a dict of the full tensors by name
//	optim.pt      {state: {name: {step, exp_avg, …}}, param_groups: [{…, params: names}]}, as the
//	              trainer saves it under FullyShardedDataParallel. Of a checkpoint that was unsharded
//	              already, parameters that were numbers stay numbers
//	train.pt      rank 0's counters: step, epoch, examples and tokens seen, world_size. Random
//	              states are left out (the trainer then keeps its own, and says so), and so are the
//	              lists of older checkpoints, which the trainer would delete
//	config.yaml   byte for byte, but for the tokenizer's name if --tokenizer gives another
//
// Every tensor keeps its dtype unless one is chosen. The optimizer's moments are cast with
// the model: the trainer creates them in their parameter's dtype, and torch's
// Optimizer.load_state_dict casts them to it when they are loaded. Numbers without
// dimensions (step, grad_norm_exp_avg) stay as they are. float16 is refused for moments: it
// has no number between 0 and 6e-8, where second moments are, and the next step divides by
// their root.
//
// Sources: FullCheckpointer in olmo/checkpoint.py, and load_trainer_state_dict in
// olmo/train.py, of ai2-olmo 0.6.0.
package unshard

import (
	"context"
	"time"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/native"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/output"
	"hf2olmo/convert/tensor"
)

// Options are what the user chose.
type Options struct {
	Output      string       // the checkpoint folder; "" for step<N>-unsharded in Into
	Into        string       // "" for the working directory
	DType       tensor.DType // of the model and the moments; Invalid keeps each as it is
	NoOptimizer bool         // write no optim.pt
	AllowNaN    bool
	NoFollow    bool   // refuse links that lead out of the checkpoint
	Tokenizer   string // what config.yaml will name; "" for what it names now
	Layout      int    // of the files with the tensors, as in a manifest; 0 for today's
	Folder      output.Options
}

// An Unsharding is a checkpoint that was checked whole and can be written unsharded.
type Unsharding struct {
	Checkpoint *native.Checkpoint
	Output     string            // the absolute path of the folder
	Tensors    []assemble.Tensor // the model's, then the optimizer's
	Warnings   []string

	options    Options
	parameters int // tensors of the model, the first of Tensors
	config     []byte
	written    *olmo.Written // what config.yaml says
	out        *output.Output
	content    output.Content
}

// Result is what was written.
type Result struct {
	Output     string
	Kind       native.Kind // of the source
	DType      string      // of the model, "mixed" if tensors differ
	Parameters int64
	Tensors    int   // with the optimizer's
	Moments    int   // the optimizer's of them
	Bytes      int64 // of all files
	Shared     int64 // bytes of them that are on the disk once, for the source too
	Seconds    float64
	Warnings   []string
	Command    string // continues the training
	Unchanged  bool   // it existed already, and nothing was written
}

// Write makes the checkpoint folder. It appears whole, or not at all. One that exists
// already, made from the same, is left alone.
func (u *Unsharding) Write(ctx context.Context) (*Result, error) {
	start := time.Now()
	if !u.out.Unchanged {
		if err := u.CompareCopies(ctx); err != nil {
			return nil, err
		}
	}
	warnings, err := u.out.Write(ctx, &u.content)
	if err != nil {
		return nil, err
	}
	u.Warnings = append(u.Warnings, warnings...)
	r := u.Planned()
	r.Seconds, r.Shared, r.Warnings = time.Since(start).Seconds(), u.out.Shared, u.Warnings
	return r, nil
}

// Shareable returns how many of the bytes could share the blocks of their sources, as far as that is known without
// writing.
func (u *Unsharding) Shareable() int64 { return u.out.Shareable(&u.content) }

// Planned is the Result as far as it is known before anything is written.
func (u *Unsharding) Planned() *Result {
	model := u.Tensors[:u.parameters]
	return &Result{Output: u.Output, Kind: u.Checkpoint.Kind, DType: assemble.DType(model),
		Parameters: assemble.Parameters(model), Tensors: len(u.Tensors), Moments: len(u.Tensors) - u.parameters,
		Bytes: u.content.Bytes(), Warnings: u.Warnings, Command: u.Command(),
		Unchanged: u.out != nil && u.out.Unchanged}
}

// Content is what will be written, and what it is made of.
func (u *Unsharding) Content() *output.Content { return &u.content }

// Command is the shell command that continues the training from the output.
func (u *Unsharding) Command() string {
	return olmo.ResumeCommand(u.Output, !u.options.NoOptimizer && len(u.Checkpoint.Optim) > 0)
}
