// Package verify compares two models, of which each is a folder of Hugging Face or a checkpoint of
// either trainer, sharded or not: every tensor bit for bit. The first is the reference; if the second
// has another width of floats, it is compared with the cast of the first.
//
//	withModel       what convert made of a model: also the structure of its files, and all that is
//	                beside the tensors
//	withCheckpoint  the same of a checkpoint of allenai/OLMo, if the folder's manifest names it
//	withAny         any two: in terms that both have (meet), configs by what they compute, the
//	                optimizer's state if both have one, tokenizers by what they say
package verify

import (
	"context"
	"fmt"
	"time"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/trainer"
	"hf2olmo/keymap"
)

// Options are what the user chose. The dtype and the tokenizer are the checkpoint's own.
type Options struct {
	Keymap   *keymap.Table     // in place of the bundled table of the family; nil for that
	Jobs     int               // how many pieces are compared at once; 0 for as many as suits
	Like     string            // as for convert; "" for none
	NoFollow bool              // refuse links that lead out of the model's folder, or of the checkpoint's
	Progress assemble.Progress // of the comparison; nil for none
}

// Result is how a folder compares with its source.
type Result struct {
	Output      string // absolute
	Family      string // of the model, or the layout of a checkpoint
	DType       string // of the folder's tensors
	Cast        string // the dtype of the source's tensors that were compared as cast to another; "" if none were
	Parameters  int64
	Tensors     int   // that a conversion would write
	Moments     int   // those of them that are the optimizer's
	Bytes       int64 // of the files with the tensors
	Differing   int   // tensors
	Differences []TensorDifference
	Config      []trainer.Difference
	Trained     bool  // a trainer wrote the folder since
	Step        int64 // at which it did, or which a checkpoint was saved at; 0 if that is not known
	Warnings    []string
	Seconds     float64
}

// Same reports whether there is no difference.
func (r *Result) Same() bool { return len(r.Differences) == 0 && len(r.Config) == 0 }

// Folder compares every tensor of a folder with the source that it should be the same as, bit for
// bit, and what is beside them. The error is a fault.List if the two cannot be compared.
func Folder(ctx context.Context, source, dir string, o Options) (*Result, error) {
	start := time.Now()
	a := findSource(source)
	b, err := findJudged(dir)
	if err != nil {
		return nil, err
	}
	var result *Result
	switch {
	case a.kind == "" && b.converted() && !a.madeOf(&b):
		result, err = withModel(ctx, source, dir, o)
		if c, ok := seenOtherwise(result, err); ok && !b.madeOf(&a) && o.Keymap == nil {
			if other, err := withAny(ctx, a, b, o); err == nil && other.Same() {
				result = other.warnOf(c)
			}
		}
	case b.unsharded() && a.target() == "olmo" && b.madeOf(&a):
		result, err = withCheckpoint(ctx, source, dir, o)
	default:
		result, err = withAny(ctx, a, b, o)
	}
	if err != nil {
		return nil, err
	}
	result.Seconds = time.Since(start).Seconds()
	return result, nil
}

func (v *verifier) warn(format string, args ...any) {
	v.result.Warnings = append(v.result.Warnings, fault.Printable(fmt.Sprintf(format, args...)))
}
