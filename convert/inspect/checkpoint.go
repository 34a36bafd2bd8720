package inspect

import (
	"context"
	"fmt"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/native"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/olmocore"
	"hf2olmo/convert/tensor"
	"hf2olmo/keymap"
)

// What the names of tensors begin with in a checkpoint of OLMo-core, and the optimizer's in any.
const (
	corePrefix  = olmocore.ModelPrefix + "."
	statePrefix = "optim.state."
)

// openCheckpoint lists the full tensors of a checkpoint of either trainer: the model's, then
// the optimizer's, by parameter and moment. If only what belongs to the optimizer or to the
// trainer is damaged, the model's are listed with a warning.
func openCheckpoint(ctx context.Context, folder string) (*Report, error) {
	r := &Report{Path: folder, Kind: KindCheckpoint}
	c, err := native.Open(ctx, folder)
	if err != nil {
		model, modelErr := native.OpenModel(ctx, folder)
		if modelErr != nil {
			return openOther(folder, err)
		}
		c = model
		var faults fault.List
		faults.Add("", err)
		for _, f := range faults {
			r.Warnings = append(r.Warnings, f.Error())
		}
	}
	if len(c.Tensors()) == 0 && c.Kind == native.CoreTrainer {
		return openIndex(folder)
	}
	for _, file := range c.Files {
		r.warnUnsummed(file)
	}
	prefix := ""
	if c.Kind == native.CoreTrainer {
		prefix = corePrefix
	}
	for i, t := range c.Tensors() {
		e := hf.Entry{Name: prefix + t.Name, DType: t.DType.String(), Shape: t.Shape, Bytes: t.Bytes(), File: t.File,
			Tensor: &t.Tensor}
		if i >= len(c.Model) {
			e.Name = statePrefix + t.Name
		}
		if t.File == nil { // it has no elements, and no rank saved a part of it
			e.File, e.Tensor = &tensor.File{}, nil
		}
		r.add(e)
		if i >= len(c.Model) {
			added := &r.Tensors[len(r.Tensors)-1]
			added.Part, added.Parameters = OptimizerPart, 0
		}
	}
	r.describe(c)
	return r, nil
}

// openOther lists a folder that is not the checkpoint that it looks like, or is one but
// cannot be opened for err.
func openOther(folder string, err error) (*Report, error) {
	if native.Recognize(folder) == native.CoreTrainer {
		return openIndex(folder)
	}
	return nil, err
}

// describe adds the layout, and the config in short.
func (r *Report) describe(c *native.Checkpoint) {
	if c.Kind.Sharded() {
		r.Layout = string(c.Kind)
		if c.World > 0 {
			r.Layout += ", saved by " + fault.Plural(c.World, "rank")
		}
		if c.Step >= 0 {
			r.Layout += fmt.Sprintf(", step %d", c.Step)
		}
	}
	if c.Kind == native.CoreTrainer {
		r.Config = keymap.Summary(r.coreModel(c.Path))
		return
	}
	written, err := olmo.ReadConfig(c.Path)
	if err != nil {
		r.Warnings = append(r.Warnings, err.Error())
		r.Config = keymap.Summary(nil)
		return
	}
	r.Config = keymap.Summary(written.Model)
}
