package between

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/middle"
	"hf2olmo/convert/native"
	"hf2olmo/convert/sharded"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/trainer"
)

// What AdamW knows of a parameter: how many steps it has made with it, and its moments.
const stepMoment = "step"

var adamMoments = []string{stepMoment, "exp_avg", "exp_avg_sq"}

// clippingMoment is what allenai/OLMo's adaptive clipping of gradients keeps, and OLMo-core has not.
const clippingMoment = "grad_norm_exp_avg"

// checkOptimizer checks that the optimizer is AdamW and its state complete.
func (c *Crossing) checkOptimizer() error {
	if c.options.NoOptimizer {
		return nil
	}
	if len(c.Checkpoint.Optim) > 0 {
		if err := c.checkMoments(); err != nil {
			return err
		}
	}
	warnings, err := c.Checkpoint.CheckOptimizer()
	c.Warnings = append(c.Warnings, warnings...)
	return err
}

// checkMoments checks that each parameter has the moments of AdamW.
func (c *Crossing) checkMoments() error {
	var faults fault.List
	clipping, known := false, map[string]bool{}
	for n := range c.from.Tensors {
		name := c.parameter(n)
		if known[name] {
			continue
		}
		known[name] = true
		state := c.Checkpoint.Optim[name]
		names := slices.Sorted(maps.Keys(state))
		if at := slices.Index(names, clippingMoment); at >= 0 {
			names, clipping = slices.Delete(names, at, at+1), true
		}
		want := slices.Sorted(slices.Values(adamMoments))
		switch {
		case len(names) == 0:
			faults = append(faults, &fault.Fault{Tensor: name, Problem: "has no optimizer's state, and other parameters " +
				"have one", Hint: noOptimizer})
		case !slices.Equal(names, want):
			faults = append(faults, &fault.Fault{Tensor: name, Problem: "has the state of another optimizer than AdamW",
				Expected: strings.Join(want, ", "), Found: strings.Join(names, ", "), Hint: noOptimizer})
		default:
			faults.Add("", checkState(state))
		}
	}
	if clipping {
		c.warn("%s is left out: OLMo-core does not clip gradients by their averages", clippingMoment)
	}
	return faults.Err()
}

// checkState checks the moments of one parameter, of whose shape package native has checked them to be.
func checkState(state map[string]*sharded.Tensor) error {
	var faults fault.List
	for _, name := range adamMoments {
		m := state[name]
		switch {
		case m.Value != nil:
			faults = append(faults, &fault.Fault{Tensor: m.Name, Problem: "is a number of Python, and no tensor, as torch " +
				"saves since version 1.12", Hint: noOptimizer})
		case name == stepMoment && (m.DType != tensor.Float32 || len(m.Shape) > 0):
			faults = append(faults, &fault.Fault{Tensor: m.Name, Problem: "is not a number of steps",
				Expected: "float32 []", Found: m.DType.String() + " " + tensor.ShapeString(m.Shape),
				Hint: noOptimizer})
		case name != stepMoment && len(m.Shape) == 0:
			faults = append(faults, &fault.Fault{Tensor: m.Name, Problem: "is one number, and not one per element",
				Hint: noOptimizer})
		}
	}
	return faults.Err()
}

// parameters makes the optimizer's state of the other trainer's parameters. parts are the tensors
// of the middle that each of them consists of.
func (c *Crossing) parameters(parts map[string][]int) ([]trainer.Parameter, error) {
	settings, err := c.settings()
	if err != nil {
		return nil, err
	}
	steps, err := stepsOf(c)
	if err != nil {
		return nil, err
	}
	c.adamW = map[string]adamW{}
	var faults fault.List
	var list []trainer.Parameter
	for _, t := range c.to.Tensors {
		if t.Same != "" {
			continue
		}
		own := parts[t.Name]
		first := c.parameter(own[0])
		a := settings[first]
		for _, n := range own[1:] {
			switch other := c.parameter(n); {
			case settings[other] != a:
				faults = append(faults, &fault.Fault{Tensor: other, Problem: "is fused with " + first +
					", for which the optimizer has other settings", Hint: noOptimizer})
			case steps[other] != steps[first]:
				faults = append(faults, &fault.Fault{Tensor: other, Problem: "is fused with " + first +
					", with which the optimizer has made another number of steps", Expected: fmt.Sprint(steps[first]),
					Found: fmt.Sprint(steps[other]), Hint: noOptimizer})
			}
		}
		c.adamW[t.Name] = a
		p := trainer.Parameter{Name: t.Name, Settings: a.dict()}
		states := make([]map[string]assemble.Tensor, len(own))
		for i, n := range own {
			states[i] = middle.Moments(c.from, n)
		}
		for _, moment := range adamMoments {
			p.Moments = append(p.Moments, trainer.Moment{Name: moment, Tensor: joined(states, moment, c.options.DType)})
			name := t.Name + "." + moment
			if moment == stepMoment {
				c.origins[name] = []string{moment + " of " + first}
				continue
			}
			for _, origin := range c.origins[t.Name] {
				c.origins[name] = append(c.origins[name], moment+" of "+origin)
			}
		}
		list = append(list, p)
	}
	return list, faults.Err()
}

// stepsOf returns how many steps the optimizer has made with each parameter, by its name.
func stepsOf(c *Crossing) (map[string]float64, error) {
	names := slices.Sorted(maps.Keys(c.Checkpoint.Optim))
	var tensors []*sharded.Tensor
	for _, name := range names {
		tensors = append(tensors, c.Checkpoint.Optim[name][stepMoment])
	}
	values, err := native.Numbers(tensors)
	if err != nil {
		return nil, err
	}
	steps := map[string]float64{}
	for i, name := range names {
		steps[name] = values[i]
	}
	if c.run.step > 0 && !slices.ContainsFunc(values, func(n float64) bool { return n != 0 }) {
		c.warn("the optimizer says that it has made no step, as SkipStepAdamW does with step_increment_bugfix=False: its " +
			"moments will be taken for those of a first step")
	}
	return steps, nil
}

// joined makes a moment, as dtype if one is chosen, of those of the parts of a tensor, as the tensor is made of them.
// The number of steps is that of the first, and the same for all.
func joined(parts []map[string]assemble.Tensor, name string, dtype tensor.DType) assemble.Tensor {
	made := parts[0][name]
	if name == stepMoment {
		return made
	}
	made.Shape = slices.Clone(made.Shape)
	for _, state := range parts[1:] {
		part := state[name]
		made.Content.Parts = append(made.Content.Parts, part.Content.Parts...)
		made.Shape[0] += part.Shape[0]
	}
	if dtype != tensor.Invalid {
		made.Content.DType = dtype
	}
	return made
}

// parameter returns the name of the checkpoint's tensor that one of the middle is a part of.
func (c *Crossing) parameter(n int) string { return c.from.Tensors[n].Content.Parts[0].Name }
