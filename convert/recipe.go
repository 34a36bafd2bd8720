package convert

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"

	"hf2olmo/convert/folder"
	"hf2olmo/convert/output"
	"hf2olmo/convert/tokenizers"
)

// recipe is what the manifest says the conversion is made from.
func (c *Conversion) recipe() output.Recipe {
	r := output.Recipe{Target: c.options.target(), Folder: c.Model.Dir, Small: c.smallSources(), Beside: c.besideSources(),
		Weights: c.Model.Files, Plan: c.planHash()}
	r.Choices = folder.Choices{DType: c.options.DType.Choice(), Tokenizer: c.options.Tokenizer,
		AllowNaN: c.options.AllowNaN}
	if c.options.Keymap != nil {
		r.Choices.Keymap = c.options.Keymap.Hash()
	}
	return r
}

// smallSources are the paths of the source's files that are hashed whole.
func (c *Conversion) smallSources() []string {
	paths := []string{c.Model.ConfigPath()}
	if c.Model.Index != "" {
		paths = append(paths, filepath.Join(c.Model.Dir, c.Model.Index))
	}
	if c.Model.Tokenizer != nil { // its tokens are counted
		paths = append(paths, c.Model.Tokenizer.Path)
	}
	return paths
}

// besideSources are the paths of the other files that go along with the model.
func (c *Conversion) besideSources() (paths []string) {
	for _, f := range c.Model.Beside {
		if f.Name != tokenizers.FileName {
			paths = append(paths, f.Path)
		}
	}
	return paths
}

// planHash identifies all that the table makes of the model: a table that was edited counts only
// if its result differs, so a comment does not.
func (c *Conversion) planHash() string {
	h := sha256.New()
	for _, s := range c.Config {
		fmt.Fprintf(h, "%q %v\n", s.Name, s.Value)
	}
	for _, t := range c.Tensors {
		fmt.Fprintf(h, "%q %s %v", t.Name, t.Content.DType, t.Shape)
		for _, part := range t.Content.Parts {
			fmt.Fprintf(h, " %q %v", part.Called(), part.Shape)
			if part.Ordered != nil {
				fmt.Fprintf(h, " %v", part.Ordered.Order)
			}
		}
		fmt.Fprintf(h, " %v %q", t.Content.Add, t.Same)
		if t.Content.Scale != 0 {
			fmt.Fprintf(h, " %v", t.Content.Scale)
		}
		fmt.Fprintln(h)
	}
	return hex.EncodeToString(h.Sum(nil))
}
