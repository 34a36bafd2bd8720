package between

import (
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
	if tensor.TooLarge(assemble.Bytes(files.Large), c.Checkpoint.Bytes()) {
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
		Choices: folder.Choices{DType: c.options.DType.Choice(), Tokenizer: c.options.Tokenizer, AllowNaN: c.options.AllowNaN,
			NoOptimizer: c.options.NoOptimizer}}
	if config := filepath.Join(c.Checkpoint.Path, c.configFile); regular.Is(config) {
		r.Small = append(r.Small, config)
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

// checkValues refuses NaN, with which no training continues.
func (c *Crossing) checkValues(seen *assemble.Seen) error {
	return c.Checkpoint.CheckValues(c.read(), c.content.Tensors, seen, &native.ValueRules{AllowNaN: c.options.AllowNaN,
		Hint: "The training diverged or the file is damaged: take an earlier checkpoint. If it is meant to be there: " +
			"--allow-nan.",
		Infinity: ": the loss is likely to be NaN", Warn: c.warn})
}

// readBack opens the checkpoint that was written as the next run would, and compares it with the plan.
func (c *Crossing) readBack(dir string) error {
	byName, err := native.OpenWritten(dir, c.Output, len(c.content.Tensors), c.run.step)
	if err != nil {
		return err
	}
	for _, t := range c.content.Tensors {
		w := byName[t.Name]
		if w == nil || w.DType != t.Content.DType || !slices.Equal(w.Shape, t.Shape) {
			return native.NotAsWritten(c.Output, t.Name)
		}
	}
	return nil
}
