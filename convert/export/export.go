// Package export turns a checkpoint of a trainer back into a Hugging Face folder, which
// transformers 4.57 and 5 load. One run reads like this:
//
//	Prepare   middle.Open        the model of transformers that computes the same: config.json, and of
//	                             which rows of the checkpoint's tensors its own are made
//	          layout.Weights     model.safetensors or shards: where every byte will be
//	          output             whether the folder exists already, made from the same
//	Write     CompareCopies      what replicas saved, byte for byte
//	          output.Write       copied in parallel, checked, read back, renamed
//
// # What is written
//
//	config.json             in the spelling of transformers 4, which 5 reads right too; that of 5
//	                        alone is read wrongly by 4, silently
//	model.safetensors       or shards with an index
//	generation_config.json  the tokens at which generation ends
//	tokenizer.json          byte for byte, and a tokenizer_config.json by which both versions of
//	                        transformers give its ids, if there is one
//
// What no class of transformers computes is refused, with the reason.
package export

import (
	"context"
	"time"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/middle"
	"hf2olmo/convert/output"
	"hf2olmo/convert/tensor"
)

// MaxShard is how many bytes a shard has at most if no other size is chosen: 5 GB.
const MaxShard = 5_000_000_000

// Options are what the user chose.
type Options struct {
	Output    string       // the folder; "" for one in Into that is called after the checkpoint
	Into      string       // "" for the working directory
	DType     tensor.DType // of all tensors; Invalid keeps each as it is
	MaxShard  int64        // bytes of a shard's tensors at most; 0 for MaxShard
	NoFollow  bool         // refuse links that lead out of the checkpoint
	Tokenizer string       // a tokenizer.json, or what contains it; "" for the one of the checkpoint
	Like      string       // the model that was trained; "" if it is not named
	Folder    output.Options
}

// An Export is a checkpoint that was checked whole and can be written as a Hugging Face folder.
type Export struct {
	*middle.Model
	Output string // the absolute path of the folder

	options Options
	source  *source
	along   *companions
	out     *output.Output
	content output.Content
}

// Result is what was written.
type Result struct {
	Output     string
	Family     string // model_type
	DType      string // "mixed" if tensors differ
	Parameters int64
	Tensors    int
	Bytes      int64 // of all files
	Shared     int64 // bytes of them that are on the disk once, for the source too
	Seconds    float64
	Warnings   []string
	Unchanged  bool // it existed already, and nothing was written
}

// Write makes the folder. It appears whole, or not at all. One that exists already, made from
// the same, is left alone.
func (e *Export) Write(ctx context.Context) (*Result, error) {
	start := time.Now()
	if !e.out.Unchanged {
		o, title := &e.options.Folder, e.content.Title
		if err := middle.CompareCopies(ctx, e.Model, o.Jobs, o.Progress, title); err != nil {
			return nil, err
		}
	}
	warnings, err := e.out.Write(ctx, &e.content)
	if err != nil {
		return nil, err
	}
	e.Warnings = append(e.Warnings, warnings...)
	r := e.Planned()
	r.Seconds, r.Shared, r.Warnings = time.Since(start).Seconds(), e.out.Shared, e.Warnings
	return r, nil
}

// Shareable returns how many of the bytes could share the blocks of their sources, as far as that is known without
// writing.
func (e *Export) Shareable() int64 { return e.out.Shareable(&e.content) }

// Planned is the Result as far as it is known before anything is written.
func (e *Export) Planned() *Result {
	return &Result{Output: e.Output, Family: e.Family, DType: assemble.DType(e.Tensors),
		Parameters: assemble.Parameters(e.Tensors), Tensors: len(e.Tensors), Bytes: e.content.Bytes(),
		Warnings: e.Warnings, Unchanged: e.out.Unchanged}
}
