package native

import (
	"fmt"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/pickle"
	"hf2olmo/convert/sharded"
)

// readLegacy reads rank<N>.pt: each has the rank's parts of the model and of the optimizer,
// and the trainer's state.
func readLegacy(o *opener) error {
	found := ranks(o.Dir, rankFile)
	if err := countRanks(o, o.Dir, found); err != nil {
		return err
	}
	var faults fault.List
	for n := range o.c.World {
		faults.Add("", readLegacyRank(o, found[n], n))
		o.Done(found[n])
		if o.Context.Err() != nil {
			return o.Context.Err()
		}
	}
	return faults.Err()
}

func readLegacyRank(o *opener, path string, n int) error {
	r, err := o.Rank(path, n, o.c.World)
	if err != nil {
		return err
	}
	top := pickle.AsMap(r.Value)
	model, optim := pickle.AsMap(top.Get("model")), pickle.AsMap(top.Get("optim"))
	if model == nil || optim == nil {
		return &fault.Fault{File: r.File.Source.Name, Problem: "does not contain a rank's model and optimizer"}
	}
	if err := o.trainState(path, without(top, "model", "optim")); err != nil {
		return err
	}
	var faults fault.List
	if !o.modelOnly {
		faults.Add("", o.setGroups(r.File.Source.Name, optim.Get("param_groups")))
	}
	names := 0
	for _, p := range model.Items {
		name, _ := p.Key.(string)
		faults.Add("", o.model.Add(r, sharded.PlainName(name), p.Value))
		names++
	}
	if state := pickle.AsMap(optim.Get("state")); state != nil && !o.modelOnly {
		for _, p := range state.Items {
			name, _ := p.Key.(string)
			faults.Add("", o.addState(r, sharded.PlainName(name), p.Value))
		}
	}
	if have := len(o.model.Tensors()); have != names {
		faults = append(faults, &fault.Fault{File: r.File.Source.Name,
			Problem:  "has other tensors than the files of the ranks before it",
			Expected: fmt.Sprint(have), Found: fmt.Sprint(names)})
	}
	return faults.Err()
}

// addState adds the moments of one parameter that a rank saved.
func (o *opener) addState(r *sharded.Rank, parameter string, v any) error {
	state := pickle.AsMap(v)
	if state == nil {
		return &fault.Fault{File: r.File.Source.Name, Tensor: parameter, Problem: "has a state that is not a dict"}
	}
	var faults fault.List
	for _, p := range state.Items {
		moment, ok := p.Key.(string)
		if !ok {
			return &fault.Fault{File: r.File.Source.Name, Tensor: parameter, Problem: "has a moment without a name"}
		}
		faults.Add("", o.moments.Add(r, momentName(parameter, moment), p.Value))
	}
	return faults.Err()
}

// without returns a dict without some of its keys.
func without(m *pickle.Map, keys ...string) *pickle.Map {
	rest := &pickle.Map{}
	for _, p := range m.Items {
		drop := false
		for _, key := range keys {
			drop = drop || p.Key == any(key)
		}
		if !drop {
			rest.Items = append(rest.Items, p)
		}
	}
	return rest
}
