package export

import (
	"fmt"
	"path/filepath"
	"slices"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/folder"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/hf/layout"
	"hf2olmo/convert/native"
	"hf2olmo/convert/output"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/tokenizers"
)

const configFile = "config.json"

// files are those that exports write: --force replaces no others.
var files = folder.Names{
	Targets: []string{folder.Exported},
	Ours: func(name string) bool {
		return layout.IsShard(name) || slices.Contains(tokenizers.Beside, name) ||
			slices.Contains([]string{configFile, layout.WeightsFile, layout.IndexFile}, name)
	},
	Configs: append([]string{configFile}, slices.DeleteFunc(slices.Clone(tokenizers.Beside), isTokenizer)...),
}

// isTokenizer reports whether a file is too large for one that users edit.
func isTokenizer(name string) bool { return name == tokenizers.FileName }

// layOut finds where every byte of the files will be.
func (e *Export) layOut() error {
	maxShard := e.options.MaxShard
	if maxShard == 0 {
		maxShard = MaxShard
	}
	large, index, err := layout.Weights(e.Tensors, maxShard)
	if err != nil {
		return err
	}
	if tensor.TooLarge(assemble.Bytes(large), e.Checkpoint.Bytes()) {
		return &fault.Fault{File: e.Checkpoint.Path, Problem: fmt.Sprintf("its tensors share their bytes: the model would "+
			"be more than %d times as large", tensor.MaxGrowth)}
	}
	recipe, err := e.recipe(maxShard)
	if err != nil {
		return err
	}
	e.content = output.Content{Title: filepath.Base(e.Checkpoint.Path), Tensors: e.Tensors, Large: large,
		CheckValues: e.checkValues, ReadBack: e.readBack, Recipe: recipe}
	for _, t := range e.Checkpoint.Model {
		e.content.Sources = append(e.content.Sources, t.Tensor)
	}
	if index != nil {
		e.add(layout.IndexFile, index)
	}
	return e.addConfigs()
}

func (e *Export) add(name string, data []byte) {
	e.content.Small = append(e.content.Small, output.Small{Name: name, Data: data})
}

// addConfigs adds the small files.
func (e *Export) addConfigs() error {
	text, err := e.ConfigJSON()
	if err != nil {
		return err
	}
	e.add(configFile, text)
	small, err := e.along.small()
	e.content.Small = append(e.content.Small, small...)
	e.Warnings = append(e.Warnings, e.along.warnings...)
	return err
}

// recipe is what the manifest says that the output was made from.
func (e *Export) recipe(maxShard int64) (r output.Recipe, err error) {
	r = output.Recipe{Target: folder.Exported, Folder: e.Checkpoint.Path, Weights: e.Checkpoint.Files,
		Small:   e.source.configPaths(),
		Choices: folder.Choices{DType: e.options.DType.Choice(), Tokenizer: e.options.Tokenizer, MaxShard: maxShard}}
	if e.source.like != nil {
		r.Choices.Like = e.source.like.Dir
		if r.Choices.LikeConfig, err = e.source.likeConfig(); err != nil {
			return r, err
		}
	}
	for _, f := range e.along.files {
		if f.Name == tokenizers.FileName {
			r.Small = append(r.Small, f.Path)
		} else {
			r.Beside = append(r.Beside, f.Path)
		}
	}
	r.Plan = e.Hash()
	return r, nil
}

// readBack opens what was written as the way in does, and compares it with the plan.
func (e *Export) readBack(dir string) error {
	model, err := hf.Open(dir)
	if err != nil {
		return fmt.Errorf("the files just written cannot be read back: %w", err)
	}
	byName := map[string]*tensor.Tensor{}
	for i := range model.Tensors {
		byName[model.Tensors[i].Name] = &model.Tensors[i]
	}
	for _, f := range e.content.Large {
		for _, r := range f.Runs {
			t := &e.Tensors[r.Tensor]
			w := byName[t.Name]
			if w == nil || w.DType != t.Content.DType || !slices.Equal(w.Shape, t.Shape) || w.File.Name != f.Name ||
				w.Offset != r.Place.Offset {
				return native.NotAsWritten(filepath.Join(e.Output, f.Name), t.Name)
			}
		}
	}
	if len(byName) != len(e.Tensors) {
		return native.NotAsWritten(e.Output, "")
	}
	return nil
}

// checkValues refuses NaN, of which no model computes anything, and warns of what was rounded although no dtype was
// chosen.
func (e *Export) checkValues(seen *assemble.Seen) error {
	e.warnOfRounding(seen)
	return e.Checkpoint.CheckValues(e.Checkpoint.Model, e.Tensors, seen, &native.ValueRules{
		Hint: "The training diverged or the file is damaged: take an earlier checkpoint.", Warn: e.warn})
}

// warnOfRounding warns of tensors that the checkpoint has in a wider dtype than most of the model, and of which a cast
// lost bits: norms that were trained, or that have a factor which the class computes elsewhere.
func (e *Export) warnOfRounding(seen *assemble.Seen) {
	var first *assemble.Tensor
	n := 0
	for i := range e.Tensors {
		if seen.Rounded(e.Tensors[i].Name) {
			if n++; first == nil {
				first = &e.Tensors[i]
			}
		}
	}
	which, hint := "", "--dtype float32 rounds nothing"
	switch {
	case n == 0:
		return
	case n == 1:
		which = first.Name + " is"
	default:
		which = fmt.Sprintf("%s and %d more are", first.Name, n-1)
	}
	if e.source.like == nil {
		hint += "; if the model that was trained has a factor there, --like MODEL takes it out"
	}
	e.warn("%s %s in the checkpoint, and rounded to %s as most of the model is: %s", which,
		first.Content.Parts[0].DType, first.Content.DType, hint)
}
