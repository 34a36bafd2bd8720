package verify

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/folder"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/match"
	"hf2olmo/convert/native"
	"hf2olmo/convert/output"
	"hf2olmo/convert/targets"
	"hf2olmo/convert/tokenizers"
	"hf2olmo/convert/trainer"
)

// ofModel is a comparison with a conversion of a model.
type ofModel struct {
	*verifier
	found   *checkpoint
	model   *match.Match
	inputs  *trainer.Inputs // what the checkpoint is made of, in the layout that it has
	trainer trainer.Trainer
	planned trainer.Files // that a conversion would write, none if tensors are missing or of other shapes
}

// withModel compares a folder with a model that was downloaded from Hugging Face.
func withModel(ctx context.Context, source, dir string, o Options) (*Result, error) {
	found, err := openCheckpoint(ctx, dir, o.NoFollow, native.OpenModel)
	if err != nil {
		return nil, err
	}
	v, err := newOfModel(source, found, o)
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
	return v.result, nil
}

// newOfModel opens the model and matches it for the trainer and in the dtype of the folder.
func newOfModel(source string, found *checkpoint, o Options) (*ofModel, error) {
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
	v := &ofModel{found: found, model: matched, trainer: chosen.Trainer, verifier: &verifier{options: o,
		found: found.judge(), recorded: recorded,
		expected: expected{title: model.Name, whole: "the model", tensors: matched.Tensors, sources: model.Tensors,
			files: model.Files},
		result: &Result{Output: found.Path, Family: matched.Family, Tensors: len(matched.Tensors), Bytes: found.Bytes()}}}
	v.inputs = matched.Inputs(found.Path)
	if recorded != nil {
		v.inputs.Layout = recorded.Layout
	}
	v.layOut = v.plan
	return v, nil
}

// plan lays out what a conversion would write.
func (v *ofModel) plan() ([]assemble.File, error) {
	files, err := v.trainer.Files(v.inputs)
	if err != nil {
		return nil, err
	}
	v.planned = *files
	return files.Large, nil
}

// compareRest compares the files beside the tensors, and distinguishes a folder that a trainer
// wrote from one that was damaged.
func (v *ofModel) compareRest() error {
	if err := v.warnOfTokenizer(); err != nil {
		return err
	}
	found := &trainer.Found{Folder: v.found.Path, Manifest: v.recorded, Differing: v.result.Differing,
		Structural: len(v.structural) > 0, Optimizer: v.found.optimizer()}
	c, err := v.trainer.Compare(v.inputs, &v.planned, found)
	if err != nil {
		return err
	}
	v.result.Trained, v.result.Step, v.result.Config = c.Trained, c.Step, c.Differences
	v.result.Warnings = append(v.result.Warnings, c.Warnings...)
	return nil
}

// warnOfTokenizer warns if the model's tokenizer is not the one that was there when it
// was converted.
func (v *ofModel) warnOfTokenizer() error {
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

// seenOtherwise reports whether a checkpoint is not what a conversion would write in names, in
// fields of the model's config and in the tokenizer's files alone. It may still be the same: a
// trainer's own config says more, layers may be grouped in another way, and export writes a
// tokenizer_config.json of its own.
func seenOtherwise(r *Result, err error) (fields []trainer.Difference, ok bool) {
	if err != nil || r.Same() {
		return nil, false
	}
	for _, d := range r.Differences {
		if d.Element >= 0 || d.Tensor == "" {
			return nil, false
		}
	}
	for _, d := range r.Config {
		whole := d.Field == "" && strings.Contains(d.File, "token")
		if !whole && !strings.HasPrefix(d.Field, modelSection+".") {
			return nil, false
		}
	}
	return r.Config, true
}

// warnOf adds warnings of what a conversion would write otherwise, but for tokenizer_config.json: a conversion
// makes it for tokenizer.json, which was compared.
func (r *Result) warnOf(fields []trainer.Difference) *Result {
	for _, d := range fields {
		if d.File == tokenizers.SettingsFile {
			continue
		}
		said := fmt.Sprintf("%s is not what a conversion would write", d.File)
		if d.Field != "" {
			said = fmt.Sprintf("%s: %s is %s; a conversion would write %s", d.File, d.Field, d.Found, d.Expected)
		}
		r.Warnings = append(r.Warnings, fault.Printable(said))
	}
	return r
}
