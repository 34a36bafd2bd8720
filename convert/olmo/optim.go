package olmo

import (
	"cmp"
	"slices"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/pickle"
	"hf2olmo/convert/torchfile"
	"hf2olmo/convert/trainer"
)

// optimFile lays out optim.pt of a run that another trainer began, as this trainer saves it under
// FullyShardedDataParallel: parameters are called by their names. They are in two groups, of those
// whose weights decay and of those whose do not, each sorted by name; without one of the former, or
// the latter, in one.
func optimFile(in *trainer.Inputs) (assemble.File, error) {
	parameters := slices.Clone(in.Training.Parameters)
	slices.SortFunc(parameters, func(a, b trainer.Parameter) int { return cmp.Compare(a.Name, b.Name) })
	var state pickle.Dict
	var groups []any
	number := map[string]int{} // in Inputs.All
	for i, t := range in.All() {
		number[t.Name] = i
	}
	var runs []int
	for _, decay := range []bool{true, false} {
		var names []any
		var settings pickle.Dict
		for _, p := range parameters {
			if p.Setting(decayField) > 0 != decay {
				continue
			}
			names, settings = append(names, p.Name), p.Settings
			var moments pickle.Dict
			for _, m := range p.Moments {
				moments = append(moments, pickle.Item{Key: m.Name, Value: Stored(&m.Content, m.Shape, in.Layout)})
				runs = append(runs, number[p.Name+"."+m.Name])
			}
			state = append(state, pickle.Item{Key: p.Name, Value: moments})
		}
		if names != nil {
			groups = append(groups, group(names, settings))
		}
	}
	layout, err := torchfile.Plan("optim", pickle.Dict{{Key: "state", Value: state}, {Key: "param_groups", Value: groups}})
	if err != nil {
		return assemble.File{}, err
	}
	file := assemble.File{Name: OptimizerFile, Size: layout.Size, Frame: layout.Frame}
	for i, place := range layout.Storages {
		file.Runs = append(file.Runs, assemble.Run{Tensor: runs[i], Place: place})
	}
	return file, nil
}

// decayField is the setting by which parameters are in one group or the other.
const decayField = "weight_decay"

// group is a parameter group. The trainer replaces the first fields by its config's when it loads them.
func group(names []any, settings pickle.Dict) pickle.Dict {
	return slices.Concat(pickle.Dict{
		{Key: "param_names", Value: names},
		{Key: "sharded", Value: true},
		{Key: "max_grad_norm", Value: nil},
		{Key: "max_grad_norm_ratio", Value: nil},
	}, settings, pickle.Dict{{Key: "params", Value: names}})
}
