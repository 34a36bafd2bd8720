package middle

import (
	"cmp"
	"maps"
	"slices"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/sharded"
	"hf2olmo/convert/tensor"
	"hf2olmo/keymap"
)

// match finds the class of transformers that computes a native model with this config, and makes
// its tensors of parts of the checkpoint's.
func (m *Model) match(target *keymap.Target, config map[string]any) error {
	byName, dtype, err := m.named(target)
	if err != nil {
		return err
	}
	plan, err := exportOf(m, target, config, dtype.String(), len(byName))
	if err != nil {
		return err
	}
	m.plan, m.Family, m.Config = plan, plan.ModelType(), plan.Config
	for _, said := range plan.Inexact {
		m.warn("%s: %s", m.ConfigFile, said)
	}
	if m.own, err = m.checkShapes(target, byName); err != nil {
		return err
	}
	for i := range plan.Tensors {
		t := &plan.Tensors[i]
		var from []*tensor.Tensor
		for _, p := range t.Pieces {
			from = append(from, &m.own[p.From].Tensor)
		}
		one := cut(t, from)
		switch {
		case m.dtype != tensor.Invalid:
			one.Content.DType = m.dtype
		case t.Widened || !sameDType(from):
			one.Content.DType = dtype
			one.Content.Exact = tensor.PowerOfTwo(one.Content.Scale) // what else rounds is said already
		}
		m.Tensors = append(m.Tensors, one)
	}
	for _, p := range plan.Zeros {
		m.zeros = append(m.zeros, tensor.Rows(&m.own[p.From].Tensor, p.First, p.Count))
	}
	m.noteScales()
	for _, t := range plan.Tied {
		m.tied = append(m.tied, tied{m.own[t.Name], m.own[t.Same]})
	}
	return nil
}

// exportOf finds the class of transformers, that of the model that was trained if it is known.
func exportOf(m *Model, target *keymap.Target, config map[string]any, dtype string, tensors int) (
	*keymap.Export, error,
) {
	facts := keymap.Facts{Tensors: tensors}
	file := m.ConfigFile
	plan, refusals := target.Export(config, dtype, facts)
	if m.like != nil && plan != nil {
		file = m.like.File()
		plan, refusals = keymap.ExportLike(target, config, m.like.Config, dtype, facts)
	}
	if plan != nil {
		return plan, nil
	}
	var faults fault.List
	for _, r := range refusals {
		faults = append(faults, &fault.Fault{File: file, Problem: r.Because, Hint: r.Hint})
	}
	return nil, faults
}

// cut returns the tensor of the Hugging Face model that is made of pieces of native ones, or the
// same of moments that lie as those do.
func cut(t *keymap.ExportedTensor, from []*tensor.Tensor) assemble.Tensor {
	content := tensor.Content{DType: from[0].DType, Add: float32(t.Add), Scale: float32(t.Scale), Undo: t.Scale != 0}
	for i, p := range t.Pieces {
		part := tensor.Rows(from[i], p.First, p.Count)
		if t.Transposed {
			part = tensor.Transposed(part)
		}
		content.Parts = append(content.Parts, part)
	}
	if t.Order != (keymap.Order{}) {
		content.Parts = []*tensor.Tensor{tensor.InOrder(tensor.Order(t.Order), content.Parts...)}
	}
	return assemble.Tensor{Name: t.Name, Shape: t.Shape, Content: content}
}

func sameDType(tensors []*tensor.Tensor) bool {
	for _, t := range tensors {
		if t.DType != tensors[0].DType {
			return false
		}
	}
	return true
}

// named returns the model's tensors by the names that the trainer knows them by, and the dtype
// of most of their elements as they will be written.
func (m *Model) named(target *keymap.Target) (map[string]*sharded.Tensor, tensor.DType, error) {
	var faults fault.List
	byName := map[string]*sharded.Tensor{}
	elements := map[tensor.DType]int64{}
	for _, t := range m.Checkpoint.Model {
		name, _ := target.Saved.Bare(t.Name)
		if byName[name] != nil {
			faults = append(faults, &fault.Fault{Tensor: t.Name, Problem: "is the second tensor that is called " + name})
		}
		byName[name] = t
		elements[t.DType] += t.Numel()
		if !t.DType.Convertible() {
			faults = append(faults, &fault.Fault{File: t.Where(), Tensor: t.Name, Problem: "is of a dtype that no model has",
				Expected: "float32, bfloat16 or float16", Found: t.DType.String()})
		}
	}
	dtype := m.dtype
	if dtype == tensor.Invalid {
		known := slices.Sorted(maps.Keys(elements))
		if len(known) == 0 {
			return nil, dtype, &fault.Fault{File: m.Checkpoint.Path, Problem: "has no tensors of a model"}
		}
		dtype = slices.MaxFunc(known, func(a, b tensor.DType) int { return cmp.Compare(elements[a], elements[b]) })
	}
	return byName, dtype, faults.Err()
}

// checkShapes compares the tensors with the state dict of the exported model. It returns them by
// the names in that, in which layers may be grouped in another way.
func (m *Model) checkShapes(target *keymap.Target, byName map[string]*sharded.Tensor) (
	own map[string]*sharded.Tensor, err error,
) {
	has := func(name string) bool { return byName[name] != nil }
	declared, refusals := target.StateDict(m.plan.Native, len(byName), has)
	var faults fault.List
	for _, r := range refusals {
		faults = append(faults, &fault.Fault{File: m.ConfigFile, Problem: r.Because, Hint: r.Hint})
	}
	const hint = "Either the config is not of these weights, or the weights are incomplete or of another model."
	own, used := map[string]*sharded.Tensor{}, map[string]bool{}
	for _, d := range declared {
		t := byName[d.Saved]
		used[d.Saved], own[d.Name] = true, t
		switch {
		case t == nil:
			faults = append(faults, &fault.Fault{Tensor: d.Name, Problem: "is missing",
				Expected: tensor.ShapeString(d.Shape), Hint: hint})
		case !slices.Equal(t.Shape, d.Shape):
			faults = append(faults, &fault.Fault{Tensor: d.Name, Problem: "has another shape than " + m.ConfigFile +
				" says", Expected: tensor.ShapeString(d.Shape), Found: tensor.ShapeString(t.Shape), Hint: hint})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		if !used[name] {
			faults = append(faults, &fault.Fault{Tensor: name, Problem: "is not a tensor of the model that " +
				m.ConfigFile + " describes", Found: tensor.ShapeString(byName[name].Shape), Hint: hint})
		}
	}
	return own, faults.Err()
}
