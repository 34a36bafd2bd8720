package olmo

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/folder"
	"hf2olmo/convert/pickle"
	"hf2olmo/convert/sharded"
	"hf2olmo/convert/tensor"
)

// An Optimizer is what a run's optimizer had: see native.Checkpoint.
type Optimizer struct {
	State  map[string]map[string]*sharded.Tensor // by the parameter's name, then the moment's
	Groups []*pickle.Map
	DType  tensor.DType // of moments that have dimensions; Invalid keeps each as it is
	// Numbered reports that parameters stay numbers if the groups have numbers for them, as
	// DistributedDataParallel's do; otherwise all are called by their names.
	Numbered bool
	Layout   int // of the file, as in a manifest
}

// A Moment is a tensor in optim.pt.
type Moment struct {
	Name   string // parameter.moment
	Tensor *sharded.Tensor
	DType  tensor.DType // in the file
}

// OptimState returns the state dict in optim.pt, and the tensors in it in the order of their
// storages. Parameters are called by their names, as the trainer saves them under
// FullyShardedDataParallel, and as it restores them onto any number of ranks.
func (o *Optimizer) OptimState() (pickle.Dict, []Moment, error) {
	groups, ids, err := o.groups()
	if err != nil {
		return nil, nil, err
	}
	var state pickle.Entries
	var tensors []Moment
	for _, parameter := range slices.Sorted(maps.Keys(o.State)) {
		var moments pickle.Dict
		for _, moment := range momentsOf(o.State[parameter]) {
			t := o.State[parameter][moment]
			if t.Value != nil {
				moments = append(moments, pickle.Item{Key: moment, Value: t.Value})
				continue
			}
			m := Moment{t.Name, t, t.DType}
			if o.DType != tensor.Invalid && len(t.Shape) > 0 && t.DType.Convertible() {
				m.DType = o.DType
			}
			content := &tensor.Content{DType: m.DType, Parts: []*tensor.Tensor{&t.Tensor}}
			moments = append(moments, pickle.Item{Key: moment, Value: Stored(content, t.Shape, o.Layout)})
			tensors = append(tensors, m)
		}
		var key any = parameter
		if id, numbered := ids[parameter]; numbered {
			key = id
		}
		state = append(state, pickle.Entry{Key: key, Value: moments})
	}
	list := make([]any, len(groups))
	for i, group := range groups {
		list[i] = group
	}
	return pickle.Dict{{Key: "state", Value: state}, {Key: "param_groups", Value: list}}, tensors, nil
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

// WrittenGroups returns the parameter groups as they are in optim.pt.
func (o *Optimizer) WrittenGroups() ([]pickle.Dict, error) {
	groups, _, err := o.groups()
	return groups, err
}

// groups returns the parameter groups as they are written, and the numbers of parameters
// that have one, by their names.
func (o *Optimizer) groups() ([]pickle.Dict, map[string]int64, error) {
	var groups []pickle.Dict
	ids := map[string]int64{}
	for n, g := range o.Groups {
		var group pickle.Dict
		for _, p := range g.Items {
			field, _ := p.Key.(string)
			if field == "params" || field == "_param_names" {
				continue
			}
			v, err := pickle.Value(p.Value)
			if err != nil {
				return nil, nil, &fault.Fault{Tensor: fmt.Sprintf("param_groups[%d].%s", n, field),
					Problem: "cannot be carried over: it contains " + err.Error()}
			}
			group = append(group, pickle.Item{Key: field, Value: v})
		}
		params, err := o.parameters(g, ids)
		if err != nil {
			return nil, nil, err
		}
		groups = append(groups, append(group, pickle.Item{Key: "params", Value: params}))
	}
	return groups, ids, nil
}

// parameters returns what params of a group will be: the parameters' names, without what
// wrappers add to them, or the numbers that the group has for them, which are noted in ids.
func (o *Optimizer) parameters(group *pickle.Map, ids map[string]int64) ([]any, error) {
	var params []any
	numbers := sharded.Items(group.Get("params"))
	for i, item := range sharded.Items(group.Get("param_names")) {
		name, ok := item.(string)
		if !ok {
			return nil, &fault.Fault{Tensor: "param_groups", Problem: "does not name each parameter"}
		}
		name = sharded.PlainName(name)
		if o.Numbered && i < len(numbers) {
			if id, isNumber := numbers[i].(int64); isNumber {
				ids[name] = id
				params = append(params, id)
				continue
			}
		}
		params = append(params, name)
	}
	return params, nil
}

// ResumeState returns what train.pt contains for a run that continues: the numbers of rank
// 0's state, also those under which older trainers counted. Random states are left out, for
// those of one rank do not serve another number of ranks, and the trainer then keeps its
// own; so are the lists of older checkpoints, which the trainer would delete. A number that
// is not there the trainer computes from the others.
func ResumeState(train *pickle.Map) pickle.Dict {
	var state pickle.Dict
	for _, item := range TrainState() {
		if _, isNumber := item.Value.(int64); !isNumber {
			state = append(state, item)
		} else if n, ok := train.Get(item.Key).(int64); ok {
			state = append(state, pickle.Item{Key: item.Key, Value: n})
		}
	}
	for _, key := range []string{"global_train_examples_seen", "global_data_step"} {
		if n, ok := train.Get(key).(int64); ok {
			state = append(state, pickle.Item{Key: key, Value: n})
		}
	}
	return state
}

// ResumeCommand is the shell command that continues a run from the folder. The dots are
// for the folder of the run.
func ResumeCommand(path string, optimizer bool) string {
	return fmt.Sprintf("torchrun --nproc_per_node=8 scripts/train.py %s --load_path=%s --reset_optimizer_state=%v "+
		"--reset_trainer_state=false --save_folder=...",
		folder.ShellQuote(filepath.Join(path, ConfigFile)), folder.ShellQuote(path), !optimizer)
}
