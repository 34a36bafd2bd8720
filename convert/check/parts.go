package check

import (
	"errors"
	"slices"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/sharded"
	"hf2olmo/convert/tensor"
)

// checkParts reads every byte of what many ranks wrote: archives, which are named, entry by
// entry, other files by the tensors in them. What replicas saved is compared.
func (c byteChecks) checkParts(archives []string) error {
	full := c.opened.Tensors()
	parts := partsOf(full)
	inArchives := map[string][]tensor.Tensor{}
	var others []tensor.Tensor
	for _, part := range parts {
		if name := part.File.Name; slices.Contains(archives, name) {
			inArchives[name] = append(inArchives[name], part)
		} else {
			others = append(others, part)
		}
	}
	read, err := itemChecks{c.checker, "", "sharded"}.sweep(others)
	if err != nil {
		return err
	}
	for _, name := range archives {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		w := newWeights(inArchives[name])
		if err := c.checkSums(name, w); err != nil {
			return err
		}
		own, err := c.valuesOf(w)
		if err != nil {
			return err
		}
		for tensor, part := range own {
			read.add(tensor, part)
		}
	}
	var all []readTensor
	for i, t := range full {
		isModel := i < len(c.opened.Model)
		all = append(all, readTensor{t.Name, isModel && len(t.Shape) > 1 && t.Numel() > 0})
	}
	c.addValues("sharded", all, read)
	if err := c.compareCopies(full); err != nil {
		return err
	}
	c.addRead(len(full), len(c.opened.Files), c.opened.Bytes())
	return nil
}

// partsOf returns the blocks of full tensors by their names, what further replicas saved too.
func partsOf(full []*sharded.Tensor) []tensor.Tensor {
	var parts []tensor.Tensor
	for _, t := range full {
		blocks := append(slices.Clone(t.Blocks), t.Copies...)
		if t.Blocks == nil && t.Numel() > 0 {
			parts = append(parts, t.Tensor)
		}
		for _, b := range blocks {
			part := *b.Data
			part.Name = t.Name
			parts = append(parts, part)
		}
	}
	return parts
}

// compareCopies adds what replicas saved differently.
func (c byteChecks) compareCopies(full []*sharded.Tensor) error {
	err := sharded.CompareCopies(c.ctx, full, 0, nil)
	var faults fault.List
	if err != nil && !errors.As(err, &faults) {
		return err
	}
	for _, f := range faults {
		c.add("replicas", about{file: f.File, tensor: f.Tensor}, "problem", f.Problem, "hint", f.Hint)
	}
	return nil
}
