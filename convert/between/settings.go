package between

import (
	"fmt"
	"maps"
	"slices"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/native"
	"hf2olmo/convert/pickle"
	"hf2olmo/convert/sharded"
)

// adamW are the settings of AdamW for one parameter. Both trainers call them as torch does.
type adamW struct {
	LR, InitialLR, Beta1, Beta2, Eps, WeightDecay float64
}

// dict are all fields that a group of torch's AdamW has. OLMo-core's AdamW stops if one is
// missing, and its SkipStepAdamW leaves those alone that it does not know.
func (a *adamW) dict() pickle.Dict {
	return pickle.Dict{
		{Key: "lr", Value: a.LR},
		{Key: "betas", Value: pickle.Tuple{a.Beta1, a.Beta2}},
		{Key: "eps", Value: a.Eps},
		{Key: "weight_decay", Value: a.WeightDecay},
		{Key: "initial_lr", Value: a.InitialLR},
		{Key: "amsgrad", Value: false},
		{Key: "maximize", Value: false},
		{Key: "foreach", Value: nil},
		{Key: "capturable", Value: false},
		{Key: "differentiable", Value: false},
		{Key: "fused", Value: nil},
		{Key: "decoupled_weight_decay", Value: true},
	}
}

// readSettings reads the fields of a group. what names the group in faults.
func readSettings(what string, group *pickle.Map) (a adamW, err error) {
	var faults fault.List
	number := func(field string, v any) float64 {
		switch n := v.(type) {
		case float64:
			return n
		case int64:
			return float64(n)
		}
		faults = append(faults, &fault.Fault{Tensor: what, Problem: "has a setting " + field + " that is not a number",
			Hint: noOptimizer})
		return 0
	}
	betas := sharded.Items(group.Get("betas"))
	if len(betas) != 2 {
		betas = []any{nil, nil}
	}
	a = adamW{Beta1: number("betas", betas[0]), Beta2: number("betas", betas[1]), Eps: number("eps", group.Get("eps")),
		WeightDecay: number("weight_decay", group.Get("weight_decay"))}
	lr, initial := group.Get("lr"), group.Get("initial_lr")
	if initial == nil { // which a scheduler adds
		initial = lr
	}
	if _, isTensor := lr.(*pickle.Object); isTensor { // of a compiled optimizer; the scheduler sets it before it is used
		lr = initial
	}
	a.LR, a.InitialLR = number("lr", lr), number("initial_lr", initial)
	for _, field := range []string{"amsgrad", "maximize"} {
		if on, _ := group.Get(field).(bool); on {
			faults = append(faults, &fault.Fault{Tensor: what, Problem: "has " + field + ", which the other trainer's " +
				"AdamW does not have", Hint: noOptimizer})
		}
	}
	return a, faults.Err()
}

// noOptimizer is what is left if an optimizer's state cannot be carried over.
const noOptimizer = "Leave the optimizer's state out with --no-optimizer: it will start from scratch."

// settings returns the optimizer's settings of each parameter of the checkpoint, by its name.
func (c *Crossing) settings() (map[string]adamW, error) {
	var faults fault.List
	by := map[string]adamW{}
	for i, group := range c.Checkpoint.Groups {
		a, err := readSettings(fmt.Sprintf("param_groups[%d]", i), group)
		faults.Add("", err)
		for _, name := range native.GroupNames(group) {
			by[name] = a
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Checkpoint.Settings)) {
		a, err := readSettings(name, c.Checkpoint.Settings[name])
		faults.Add("", err)
		by[name] = a
	}
	if c.Checkpoint.Kind != native.CoreTrainer {
		for name, a := range by {
			a.InitialLR = c.run.olmo.LearningRate // which the trainer goes by, whatever initial_lr is
			by[name] = a
		}
	}
	return by, faults.Err()
}
