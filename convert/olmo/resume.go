package olmo

import (
	"fmt"
	"maps"
	"slices"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/pickle"
	"hf2olmo/convert/sharded"
	"hf2olmo/convert/torchfile"
)

// An Optimizer is what a run's optimizer had: see native.Checkpoint.
type Optimizer struct {
	State  map[string]map[string]*sharded.Tensor // by the parameter's name, then the moment's
	Groups []*pickle.Map
}

// OptimState is the state dict in optim.pt, and the tensors in it in the order of their
// storages. Parameters are called by their names, as the trainer saves them under
// FullyShardedDataParallel, and as it restores them onto any number of ranks.
func (o *Optimizer) OptimState() (pickle.Dict, []*sharded.Tensor, error) {
	var state pickle.Dict
	var tensors []*sharded.Tensor
	for _, parameter := range slices.Sorted(maps.Keys(o.State)) {
		var moments pickle.Dict
		for _, moment := range momentsOf(o.State[parameter]) {
			t := o.State[parameter][moment]
			if t.Value != nil {
				moments = append(moments, pickle.Item{Key: moment, Value: t.Value})
				continue
			}
			moments = append(moments, pickle.Item{Key: moment, Value: torchfile.Tensor{DType: t.DType, Shape: t.Shape}})
			tensors = append(tensors, t)
		}
		state = append(state, pickle.Item{Key: parameter, Value: moments})
	}
	groups, err := o.groups()
	return pickle.Dict{{Key: "state", Value: state}, {Key: "param_groups", Value: groups}}, tensors, err
}

// momentsOf are a parameter's moments in the order in which torch saves them: step
// first, then by name.
func momentsOf(state map[string]*sharded.Tensor) []string {
	moments := slices.Sorted(maps.Keys(state))
	if at := slices.Index(moments, "step"); at > 0 {
		moments = slices.Insert(slices.Delete(moments, at, at+1), 0, "step")
	}
	return moments
}

// groups are the parameter groups, in which params are the parameters' names.
func (o *Optimizer) groups() ([]any, error) {
	var groups []any
	for n, g := range o.Groups {
		var group pickle.Dict
		for _, p := range g.Items {
			field, _ := p.Key.(string)
			if field == "params" || field == "_param_names" {
				continue
			}
			v, err := pickle.Value(p.Value)
			if err != nil {
				return nil, &fault.Fault{Tensor: fmt.Sprintf("param_groups[%d].%s", n, field),
					Problem: "cannot be carried over: it contains " + err.Error()}
			}
			group = append(group, pickle.Item{Key: field, Value: v})
		}
		names, err := o.parameters(g)
		if err != nil {
			return nil, err
		}
		groups = append(groups, append(group, pickle.Item{Key: "params", Value: names}))
	}
	return groups, nil
}

// parameters are the names of a group's parameters, without what wrappers add to them.
func (o *Optimizer) parameters(group *pickle.Map) ([]any, error) {
	var names []any
	for _, item := range sharded.Items(group.Get("param_names")) {
		name, ok := item.(string)
		if !ok {
			return nil, &fault.Fault{Tensor: "param_groups", Problem: "does not name each parameter"}
		}
		names = append(names, sharded.PlainName(name))
	}
	return names, nil
}

// ResumeState is what train.pt contains for a run that goes on: the numbers of rank 0's
// state. Random states are left out, for those of one rank do not serve another number
// of ranks, and the trainer keeps its own then; so are the lists of older checkpoints,
// which the trainer would delete.
func ResumeState(train *pickle.Map) pickle.Dict {
	fresh := TrainState()
	for i, item := range fresh {
		if n, ok := train.Get(item.Key).(int64); ok {
			fresh[i].Value = n
		}
	}
	return fresh
}
