package trainer

import (
	"hf2olmo/convert/assemble"
	"hf2olmo/convert/pickle"
)

// A Training is the state of a run that continues from a checkpoint.
type Training struct {
	State      pickle.Dict    // the trainer's own
	Config     map[string]any // what the trainer's config file takes of the run; nil if it takes nothing
	Parameters []Parameter    // with their states in the optimizer; nil if that starts from scratch
}

// A Parameter is one that the optimizer has a state of.
type Parameter struct {
	Name     string      // of its tensor in the native state dict
	Settings pickle.Dict // the optimizer's for this parameter, such as lr
	Moments  []Moment    // in the order in which they are written
}

// A Moment is a tensor of the optimizer's state of a parameter: step, exp_avg or exp_avg_sq.
type Moment struct {
	Name string
	assemble.Tensor
}

// Setting returns one of the settings if it is a float, or else 0.
func (p *Parameter) Setting(name string) float64 {
	for _, s := range p.Settings {
		if v, ok := s.Value.(float64); ok && s.Key == name {
			return v
		}
	}
	return 0
}

// All are the tensors of the model, and then those of the optimizer, as Run.Tensor of Files counts
// them. The latter are called by their parameter and moment.
func (in *Inputs) All() []assemble.Tensor {
	if in.Training == nil {
		return in.Tensors
	}
	all := append([]assemble.Tensor(nil), in.Tensors...)
	for _, p := range in.Training.Parameters {
		for _, m := range p.Moments {
			t := m.Tensor
			t.Name = p.Name + "." + m.Name
			all = append(all, t)
		}
	}
	return all
}
