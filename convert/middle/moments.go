package middle

import (
	"hf2olmo/convert/assemble"
	"hf2olmo/convert/tensor"
	"hf2olmo/keymap"
)

// Moments are the optimizer's state of the i-th of Tensors, by the moments' names, such as
// exp_avg: the same part of each as the tensor is of its parameter. What is one number for the
// whole parameter, as its step, is that of each part. What the checkpoint has as a Python number
// is left out. Nil if the checkpoint was opened without its optimizer, or has none, and for a
// tensor of which every element is divided: its gradients are others.
func Moments(m *Model, i int) map[string]assemble.Tensor {
	t := &m.plan.Tensors[i]
	state := m.Checkpoint.Optim[m.own[t.Pieces[0].From].Name]
	if len(state) == 0 || t.Scale != 0 {
		return nil
	}
	moments := map[string]assemble.Tensor{}
	for name, saved := range state {
		if saved.Value != nil {
			continue
		}
		one := assemble.Tensor{Content: tensor.Content{DType: saved.DType, Parts: []*tensor.Tensor{&saved.Tensor}}}
		if len(saved.Shape) > 0 {
			from, whole := momentsOf(m, t, name)
			if !whole {
				continue
			}
			one = cut(t, from)
			one.Content.Add = 0 // which is the weight's
		}
		one.Name = t.Name + "." + name
		moments[name] = one
	}
	return moments
}

// Parameters are the names of the checkpoint's tensors that the i-th of Tensors is made of.
func Parameters(m *Model, i int) (names []string) {
	if m.plan == nil {
		return []string{m.Tensors[i].Content.Parts[0].Name}
	}
	for _, p := range m.plan.Tensors[i].Pieces {
		names = append(names, m.own[p.From].Name)
	}
	return names
}

// momentsOf returns the same moment of each native tensor that a tensor is made of, and whether all have it.
func momentsOf(m *Model, t *keymap.ExportedTensor, name string) (from []*tensor.Tensor, whole bool) {
	for _, p := range t.Pieces {
		saved := m.Checkpoint.Optim[m.own[p.From].Name][name]
		if saved == nil || saved.Value != nil {
			return nil, false
		}
		from = append(from, &saved.Tensor)
	}
	return from, true
}
