package native

import (
	"cmp"
	"path/filepath"
	"slices"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/sharded"
	"hf2olmo/convert/tensor"
	"hf2olmo/keymap"
)

// CheckShapes compares the names and shapes of the model's tensors with the state dict of
// the model that config.yaml, which the trainer saved beside them, describes. known is false
// if it is not there (OLMo-core's trainer saves none), or describes a model whose state dict
// is not known: then nothing is compared. The error is a fault.List.
func (c *Checkpoint) CheckShapes() (known bool, err error) {
	target, config, err := c.modelConfig()
	if err != nil || config == nil {
		return false, err
	}
	byName := map[string]*sharded.Tensor{}
	for _, t := range c.Model {
		byName[t.Name] = t
	}
	has := func(name string) bool { return byName[name] != nil }
	declared, _ := target.StateDict(config, len(c.Model), has)
	if declared == nil {
		return false, nil
	}
	const hint = "Either the config is not of these weights, or the weights are incomplete or of another model."
	var faults fault.List
	for _, d := range declared {
		t := byName[d.Saved]
		delete(byName, d.Saved)
		switch {
		case t == nil:
			faults = append(faults, &fault.Fault{Tensor: d.Name, Problem: "is missing", Expected: tensor.ShapeString(d.Shape),
				Hint: hint})
		case !slices.Equal(t.Shape, d.Shape):
			faults = append(faults, &fault.Fault{Tensor: d.Name, Problem: "has another shape than the config says",
				Expected: tensor.ShapeString(d.Shape), Found: tensor.ShapeString(t.Shape), Hint: hint})
		}
	}
	for name, t := range byName {
		faults = append(faults, &fault.Fault{Tensor: name, Problem: "is not a tensor of the model that the config describes",
			Found: tensor.ShapeString(t.Shape), Hint: hint})
	}
	slices.SortStableFunc(faults, func(a, b *fault.Fault) int { return cmp.Compare(a.Tensor, b.Tensor) })
	return true, faults.Err()
}

// modelConfig returns the model's part of a config.yaml, nil if there is none.
func (c *Checkpoint) modelConfig() (*keymap.Target, map[string]any, error) {
	target, err := keymap.TargetNamed("olmo")
	if err != nil || c.Kind == CoreTrainer || !regular.Is(filepath.Join(c.Path, olmo.ConfigFile)) {
		return nil, nil, err
	}
	written, err := olmo.ReadConfig(c.Path)
	if err != nil {
		return nil, nil, err
	}
	return target, written.Model, nil
}
