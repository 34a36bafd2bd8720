package native

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/pickle"
	"hf2olmo/convert/sharded"
	"hf2olmo/convert/tensor"
)

// CheckOptimizer checks that the optimizer's state is complete: the trainer stops at a
// parameter without state only after it has loaded all others, or starts it from zero. It
// warns if there is none, and of what is odd about the steps that the optimizer has made.
func (c *Checkpoint) CheckOptimizer() (warnings []string, err error) {
	if len(c.Optim) == 0 {
		return []string{"there is no optimizer's state in it: the optimizer will start from scratch"}, nil
	}
	var faults fault.List
	grouped := map[string]bool{}
	for name := range c.Settings {
		grouped[name] = true
	}
	for i, g := range c.Groups {
		if g.Get("param_names") != nil && !sameNames(sharded.Items(g.Get("params")), sharded.Items(g.Get("param_names"))) {
			faults = append(faults, &fault.Fault{Tensor: fmt.Sprintf("param_groups[%d]", i),
				Problem: "has other params than param_names"})
		}
		for _, name := range GroupNames(g) {
			if grouped[name] {
				faults = append(faults, &fault.Fault{Tensor: name, Problem: "is in two parameter groups of the optimizer"})
			}
			grouped[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(grouped)) {
		if c.Optim[name] == nil {
			faults = append(faults, &fault.Fault{Tensor: name, Problem: "has no optimizer's state, and other parameters " +
				"have one"})
		}
	}
	usual := usualMoments(c.Optim)
	for _, name := range slices.Sorted(maps.Keys(c.Optim)) {
		if own := momentNames(c.Optim[name]); own != usual {
			faults = append(faults, &fault.Fault{Tensor: name, Problem: "has other moments than most parameters",
				Expected: usual, Found: own})
		}
		if !grouped[name] {
			faults = append(faults, &fault.Fault{Tensor: name, Problem: "has an optimizer's state, but is in none of its " +
				"groups"})
		}
	}
	if len(faults) > 0 {
		return nil, faults
	}
	return c.checkSteps()
}

// GroupNames are the names of the parameters of a group: param_names of allenai/OLMo, and of OLMo-core
// params.
func GroupNames(group *pickle.Map) []string {
	items := sharded.Items(group.Get("param_names"))
	if items == nil {
		items = sharded.Items(group.Get("params"))
	}
	var names []string
	for _, item := range items {
		text, _ := item.(string)
		names = append(names, sharded.PlainName(text))
	}
	return names
}

// GroupOf returns the settings of each parameter's group, by the parameter's name.
func (c *Checkpoint) GroupOf() map[string]*pickle.Map {
	all := maps.Clone(c.Settings)
	for _, group := range c.Groups {
		for _, name := range GroupNames(group) {
			all[name] = group
		}
	}
	return all
}

// sameNames compares a group's parameters, by name or numbered, with their names.
func sameNames(params, names []any) bool {
	return len(params) == 0 || slices.EqualFunc(params, names, func(param, name any) bool {
		text, isText := param.(string)
		full, _ := name.(string)
		return !isText || sharded.PlainName(text) == sharded.PlainName(full)
	})
}

// usualMoments returns the moments that most parameters have.
func usualMoments(optim map[string]map[string]*sharded.Tensor) string {
	count, usual := map[string]int{}, ""
	for _, name := range slices.Sorted(maps.Keys(optim)) {
		own := momentNames(optim[name])
		if count[own]++; count[own] > count[usual] {
			usual = own
		}
	}
	return usual
}

func momentNames(state map[string]*sharded.Tensor) string {
	return strings.Join(slices.Sorted(maps.Keys(state)), ", ")
}

// checkSteps warns of parameters whose count of steps is not the run's: of a run whose
// optimizer was reset once, or whose parameters were frozen for a time.
func (c *Checkpoint) checkSteps() (warnings []string, err error) {
	var steps []*sharded.Tensor
	for _, name := range slices.Sorted(maps.Keys(c.Optim)) {
		if t := c.Optim[name]["step"]; t != nil {
			steps = append(steps, t)
		}
	}
	values, err := Numbers(steps)
	if err != nil || len(values) == 0 {
		return nil, err
	}
	low, high := slices.Min(values), slices.Max(values)
	switch {
	case low != high:
		warnings = append(warnings, fmt.Sprintf("the optimizer has made %v steps with some parameters and %v with others",
			low, high))
	case c.Step >= 0 && low != float64(c.Step):
		warnings = append(warnings, fmt.Sprintf("the optimizer has made %v steps and the run %d: it was reset at step %v",
			low, c.Step, float64(c.Step)-low))
	}
	return warnings, nil
}

// CheckMomentsCast refuses to cast the optimizer's state of the checkpoint in a folder to float16.
func CheckMomentsCast(dir string, dtype tensor.DType, noOptimizer bool) error {
	if dtype != tensor.Float16 || noOptimizer {
		return nil
	}
	return &fault.Fault{File: dir,
		Problem: "has an optimizer, whose second moments float16 cannot represent: those below 6e-8 would become 0",
		Hint:    "Choose --dtype bfloat16, or leave the optimizer out with --no-optimizer."}
}

// Numbers reads tensors of one float32 each, such as steps, or what was saved as a Python number.
func Numbers(tensors []*sharded.Tensor) ([]float64, error) {
	var all []tensor.Tensor
	for _, t := range tensors {
		if t.Value == nil {
			all = append(all, t.Tensor)
		}
	}
	files, err := tensor.OpenFiles(all)
	if err != nil {
		return nil, err
	}
	defer files.Close()
	gatherer := tensor.NewGatherer(files)
	var values []float64
	var b [4]byte
	for _, t := range tensors {
		switch v := t.Value.(type) {
		case int64:
			values = append(values, float64(v))
			continue
		case float64:
			values = append(values, v)
			continue
		case nil:
		default:
			continue
		}
		if t.DType != tensor.Float32 || t.Numel() != 1 {
			return nil, &fault.Fault{Tensor: t.Name, Problem: "is not a number of steps", Found: fmt.Sprint(t.DType, " ",
				tensor.ShapeString(t.Shape))}
		}
		if err := gatherer.Read(b[:], &tensor.Content{DType: t.DType, Parts: []*tensor.Tensor{&t.Tensor}}, 0); err != nil {
			return nil, err
		}
		values = append(values, float64(math.Float32frombits(binary.LittleEndian.Uint32(b[:]))))
	}
	return values, nil
}
