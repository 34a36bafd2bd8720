// Package verify compares a native checkpoint with the model that it was made from: every
// tensor bit for bit, the structure of the files that contain them, and the other files.
package verify

import (
	"context"
	"fmt"
	"slices"
	"time"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/folder"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/match"
	"hf2olmo/convert/output"
	"hf2olmo/convert/targets"
	"hf2olmo/convert/tokenizers"
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

// Result is how a checkpoint folder compares with a conversion of a model.
type Result struct {
	Output      string // absolute
	Family      string
	DType       string // of the folder's tensors
	Parameters  int64
	Tensors     int   // that a conversion would write
	Bytes       int64 // of the files with the tensors
	Differing   int   // tensors
	Differences []TensorDifference
	Config      []trainer.Difference
	Trained     bool  // a trainer wrote the folder since
	Step        int64 // at which it did, 0 if that is not known
	Warnings    []string
	Seconds     float64
}

// Same reports whether the folder is what a conversion would write.
func (r *Result) Same() bool { return len(r.Differences) == 0 && len(r.Config) == 0 }

// Folder compares every tensor of a checkpoint folder with the model that it should be made
// from, bit for bit, and the files beside them. The error is a fault.List if the two cannot be
// compared.
func Folder(ctx context.Context, source, dir string, o Options) (*Result, error) {
	start := time.Now()
	found, err := openCheckpoint(ctx, dir, o.NoFollow)
	if err != nil {
		return nil, err
	}
	v, err := newVerifier(source, found, o)
	if err != nil {
		return nil, err
	}
	if err := v.model.CompareSame(ctx); err != nil {
		return nil, err
	}
	v.warnUnsummed()
	if err := v.compareTensors(ctx); err != nil {
		return nil, err
	}
	if err := v.compareRest(); err != nil {
		return nil, err
	}
	v.result.Parameters, v.result.DType = v.model.Parameters(), v.model.DType()
	v.result.Seconds = time.Since(start).Seconds()
	return v.result, nil
}

// newVerifier opens the model and matches it for the trainer and in the dtype of the folder.
func newVerifier(source string, found *checkpoint, o Options) (*verifier, error) {
	recorded := folder.ReadManifest(found.Path)
	chosen := match.Options{Target: found.target, Folder: found.Path, DType: found.dtype(), Table: o.Keymap}
	if recorded != nil {
		chosen.Tokenizer = recorded.Options.Tokenizer
	}
	options := []hf.Option{hf.Like(o.Like)}
	if o.NoFollow {
		options = append(options, hf.NoFollow)
	}
	model, err := hf.Open(source, options...)
	if err != nil {
		return nil, err
	}
	if chosen.Trainer, err = targets.Named(found.target); err != nil {
		return nil, err
	}
	matched, err := match.Of(model, chosen)
	if err != nil {
		return nil, err
	}
	result := &Result{Output: found.Path, Family: matched.Family, Tensors: len(matched.Tensors), Bytes: found.Bytes()}
	return &verifier{options: o, model: matched, trainer: chosen.Trainer, found: found, recorded: recorded,
		result: result}, nil
}

// compareRest compares the files beside the tensors, and distinguishes a folder that a trainer
// wrote from one that was damaged.
func (v *verifier) compareRest() error {
	if err := v.warnOfTokenizer(); err != nil {
		return err
	}
	found := &trainer.Found{Folder: v.found.Path, Manifest: v.recorded, Differing: v.result.Differing,
		Structural: len(v.structural) > 0, Optimizer: v.found.optimizer()}
	c, err := v.trainer.Compare(v.model.Inputs(v.found.Path), &v.files, found)
	if err != nil {
		return err
	}
	v.result.Trained, v.result.Step, v.result.Config = c.Trained, c.Step, c.Differences
	v.result.Warnings = append(v.result.Warnings, c.Warnings...)
	return nil
}

// warnOfTokenizer warns if the model's tokenizer is not the one that was there when it
// was converted.
func (v *verifier) warnOfTokenizer() error {
	if v.recorded == nil {
		return nil
	}
	at := slices.IndexFunc(v.recorded.Sources, func(s folder.State) bool { return s.Name == tokenizers.FileName })
	now := v.model.Model.Tokenizer
	switch {
	case at < 0 && now == nil:
		return nil
	case at < 0:
		v.warn("the model had no %s when it was converted", tokenizers.FileName)
		return nil
	case now == nil:
		v.warn("the model no longer has a %s", tokenizers.FileName)
		return nil
	}
	state, err := output.HashFile(now.Path)
	if err == nil && state.Hash != v.recorded.Sources[at].Hash {
		v.warn("the model's %s was edited after the conversion", tokenizers.FileName)
	}
	return err
}

func (v *verifier) warn(format string, args ...any) {
	v.result.Warnings = append(v.result.Warnings, fault.Printable(fmt.Sprintf(format, args...)))
}
