package middle

import (
	"hf2olmo/convert/assemble"
	"hf2olmo/convert/tensor"
)

// Moments are the optimizer's state of the i-th of Tensors, by the moments' names, such as
// exp_avg: the same part of each as the tensor is of its parameter. What is one number for the
// whole parameter, as its step, is that of each part. What the checkpoint has as a Python number
// is left out. Nil if the checkpoint was opened without its optimizer, or has none.
func Moments(m *Model, i int) map[string]assemble.Tensor {
	t := &m.plan.Tensors[i]
	state := m.Checkpoint.Optim[m.own[t.From].Name]
	if len(state) == 0 {
		return nil
	}
	moments := map[string]assemble.Tensor{}
	for name, saved := range state {
		if saved.Value != nil {
			continue
		}
		one := assemble.Tensor{Content: tensor.Content{DType: saved.DType, Parts: []*tensor.Tensor{&saved.Tensor}}}
		if len(saved.Shape) > 0 {
			one = cut(t, &saved.Tensor)
			one.Content.Add = 0 // which is the weight's
		}
		one.Name = t.Name + "." + name
		moments[name] = one
	}
	return moments
}
