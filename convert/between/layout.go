package between

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/folder"
	"hf2olmo/convert/native"
	"hf2olmo/convert/output"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/tensor"
)

// layOut finds where every byte of the files will be.
func (c *Crossing) layOut() error {
	if c.out != nil && c.out.Existing != nil {
		c.inputs.Layout = c.out.Existing.Layout
	}
	files, err := c.trainer.Files(c.inputs)
	if err != nil {
		return err
	}
	files.Small = slices.DeleteFunc(files.Small, func(f output.Small) bool {
		data, kept := c.own[f.Name]
		return kept && data == nil
	})
	for i := range files.Small {
		if data := c.own[files.Small[i].Name]; data != nil {
			files.Small[i].Data = data
		}
	}
	made := int64(0)
	for _, f := range files.Large {
		made += f.Size
	}
	if tensor.TooLarge(made, c.Checkpoint.Bytes()) {
		return &fault.Fault{File: c.Checkpoint.Path, Problem: fmt.Sprintf("its tensors share their bytes: the checkpoint "+
			"would be more than %d times as large", tensor.MaxGrowth)}
	}
	c.content = output.Content{
		Title: filepath.Base(c.Checkpoint.Path), Tensors: c.inputs.All(), Large: files.Large, Small: files.Small,
		CheckValues: c.checkValues,
		ReadBack: func(dir string) error {
			if err := c.trainer.ReadBack(c.inputs, files, dir); err != nil {
				return err
			}
			return c.readBack(dir)
		},
		Damage: func(existing *folder.Manifest) (damage, warnings []string) {
			return c.trainer.Damage(c.inputs, files, existing)
		},
	}
	for _, t := range c.read() {
		c.content.Sources = append(c.content.Sources, t.Tensor)
	}
	c.content.Recipe = c.recipe()
	return nil
}

// recipe is what the manifest says that the output was made from.
func (c *Crossing) recipe() output.Recipe {
	r := output.Recipe{Target: c.options.Target, Folder: c.Checkpoint.Path, Weights: c.Checkpoint.Files,
		Choices: folder.Choices{DType: "auto", Tokenizer: c.options.Tokenizer, AllowNaN: c.options.AllowNaN,
			NoOptimizer: c.options.NoOptimizer}}
	if config := filepath.Join(c.Checkpoint.Path, c.configFile); regular.Is(config) {
		r.Small = append(r.Small, config)
	}
	if c.options.DType != tensor.Invalid {
		r.Choices.DType = c.options.DType.String()
	}
	for _, f := range c.to.Model.Beside {
		r.Beside = append(r.Beside, f.Path)
	}
	h := sha256.New()
	for _, s := range c.to.Config {
		fmt.Fprintf(h, "%q %v\n", s.Name, s.Value)
	}
	for _, t := range c.content.Tensors {
		fmt.Fprintf(h, "%q %s %v %q", t.Name, t.Content.DType, t.Shape, t.Same)
		for _, part := range t.Content.Parts {
			fmt.Fprintf(h, " %q %v", part.Name, part.Shape)
		}
		fmt.Fprintln(h)
	}
	r.Plan = hex.EncodeToString(h.Sum(nil))
	return r
}

// checkValues refuses NaN, with which no training continues, and warns of infinity, and of
// matrices of zeros in the model. Moments may be zeros.
func (c *Crossing) checkValues(seen *assemble.Seen) error {
	var faults fault.List
	models := len(c.Checkpoint.Model)
	for i, t := range c.read() {
		v := seen.Of(t.Name)
		switch {
		case !v.NaN:
		case c.options.AllowNaN:
			c.warn("%s: contains NaN", t.Name)
		default:
			faults = append(faults, &fault.Fault{File: t.Where(), Tensor: t.Name, Problem: "contains NaN",
				Hint: "The training diverged or the file is damaged: take an earlier checkpoint. If it is meant to be there: " +
					"--allow-nan."})
		}
		if v.Infinite {
			c.warn("%s: contains infinity: the loss is likely to be NaN", t.Name)
		}
		if i < models && len(t.Shape) > 1 && v.Zeros > 0 && v.Zeros >= t.Numel() {
			c.warn("%s: contains nothing but zeros", t.Name)
		}
	}
	for _, t := range c.content.Tensors {
		if n := seen.Overflows(t.Name); n > 0 {
			c.warn("%s: %d of its elements are too large for %s and became infinite", t.Name, n, t.Content.DType)
		}
	}
	if len(faults) > 1 {
		faults = append(faults, &fault.Fault{File: c.Checkpoint.Path, Lead: true,
			Problem: fmt.Sprintf("%d tensors contain NaN", len(faults))})
	}
	return faults.Err()
}

// readBack opens the checkpoint that was written as the next run would, and compares it with the plan.
func (c *Crossing) readBack(dir string) error {
	written, err := native.Open(context.Background(), dir)
	if err != nil {
		return fmt.Errorf("the files just written cannot be read back: %w", err)
	}
	byName := map[string]*tensor.Tensor{}
	for _, t := range written.Tensors() {
		byName[t.Name] = &t.Tensor
	}
	for _, t := range c.content.Tensors {
		w := byName[t.Name]
		if w == nil || w.DType != t.Content.DType || !slices.Equal(w.Shape, t.Shape) {
			return &fault.Fault{File: c.Output, Tensor: t.Name, Problem: "was not read back as it was written"}
		}
	}
	if len(byName) != len(c.content.Tensors) || written.Step != c.run.step {
		return &fault.Fault{File: c.Output, Problem: "was not read back as it was written"}
	}
	return nil
}
