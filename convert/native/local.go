package native

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/pickle"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/sharded"
)

// worldLine finds the number of ranks in metadata.yaml, which has that one field.
var worldLine = regexp.MustCompile(`(?m)^world_size:\s*(\d{1,9})\s*$`)

// readLocal reads model/, optim/ and train/ with a file of each rank: the model as flat
// parameters, the optimizer's moments as flat slices of the same intervals.
func readLocal(o *opener) error {
	if err := countLocal(o); err != nil {
		return err
	}
	if err := readTrainStates(o, ranks(o.path(trainDir), rankFile)); err != nil {
		return err
	}
	var faults fault.List
	model, optim := ranks(o.path("model"), rankFile), ranks(o.path("optim"), rankFile)
	for n := range o.c.World {
		held := map[string]sharded.Interval{}
		faults.Add("", readLocalModel(o, model[n], n, held))
		o.Done(model[n])
		if !o.modelOnly {
			faults.Add("", readLocalOptim(o, optim[n], n, held))
			o.Done(optim[n])
		}
		if o.Context.Err() != nil {
			return o.Context.Err()
		}
	}
	return faults.Err()
}

// countLocal notes the number of ranks, and checks that each has its three files.
func countLocal(o *opener) error {
	text, err := regular.Read(o.path(localIndex), 1<<16)
	m := worldLine.FindSubmatch(text)
	if errors.Is(err, fs.ErrNotExist) {
		return &fault.Fault{File: localIndex, Problem: "does not exist", Hint: copyWhole}
	}
	if err != nil || m == nil {
		return &fault.Fault{File: localIndex, Problem: "does not say the number of ranks", Expected: "world_size: N",
			Hint: "Copy the file again from where the run saved the checkpoint."}
	}
	var faults fault.List
	faults.Add("", countTrainFiles(o, ranks(o.path(trainDir), rankFile)))
	world, _ := strconv.Atoi(string(m[1]))
	if len(faults) == 0 && o.c.World != world {
		faults.Add("", differs(localIndex, "world_size", "is not the number of files in "+trainDir, o.c.World, world))
	}
	for _, folder := range []string{"model", "optim"} {
		faults.Add("", checkRanks(o, o.path(folder), ranks(o.path(folder), rankFile), o.c.World))
	}
	return faults.Err()
}

// readLocalModel reads one rank's flat parameters. held receives the intervals of the
// parameters that the rank has.
func readLocalModel(o *opener, path string, n int, held map[string]sharded.Interval) error {
	r, err := o.Rank(path, n, o.c.World)
	if err != nil {
		return err
	}
	var faults fault.List
	names := 0
	for _, module := range sharded.Items(pickle.AsMap(r.Value).Get("modules")) {
		fields := pickle.AsMap(module)
		prefix, _ := fields.Get("name").(string)
		for _, item := range sharded.Items(fields.Get("handles")) {
			handle := pickle.AsMap(item)
			var own []string
			for _, name := range sharded.Items(handle.Get("flat_param._fqns")) {
				text, _ := name.(string)
				own = append(own, localName(prefix, text))
			}
			names += len(own)
			faults.Add("", o.model.AddFlat(r, handle, own, held))
		}
	}
	if have := len(o.model.Tensors()); have != names {
		faults = append(faults, &fault.Fault{File: r.File.Source.Name,
			Problem:  "has other parameters than the files of the ranks before it",
			Expected: fmt.Sprint(have), Found: fmt.Sprint(names)})
	}
	return faults.Err()
}

// localName is the name of a parameter in a module that is itself wrapped.
func localName(module, name string) string {
	if module != "" {
		name = module + "." + name
	}
	return sharded.PlainName(name)
}

// readLocalOptim reads one rank's state of the optimizer, whose parameters are numbers.
func readLocalOptim(o *opener, path string, n int, held map[string]sharded.Interval) error {
	r, err := o.Rank(path, n, o.c.World)
	if err != nil {
		return err
	}
	top := pickle.AsMap(r.Value)
	if err := o.setGroups(r.File.Source.Name, top.Get("param_groups")); err != nil {
		return err
	}
	names, err := o.parameterNames(r.File.Source.Name)
	if err != nil {
		return err
	}
	state := pickle.AsMap(top.Get("state"))
	if state == nil {
		return &fault.Fault{File: r.File.Source.Name, Problem: "does not contain an optimizer's state"}
	}
	var faults fault.List
	for _, p := range state.Items {
		if _, isInt := p.Key.(int64); !isInt || names[p.Key] == "" {
			return &fault.Fault{File: r.File.Source.Name, Problem: "has a state of a parameter that is in no group"}
		}
		faults.Add("", addLocalState(o, r, names[p.Key], pickle.AsMap(p.Value), held))
	}
	return faults.Err()
}

// addLocalState adds the moments of one parameter.
func addLocalState(o *opener, r *sharded.Rank, parameter string, state *pickle.Map,
	held map[string]sharded.Interval) error {
	model := o.model.Tensors()[parameter]
	if model == nil || state == nil {
		return &fault.Fault{File: r.File.Source.Name, Tensor: parameter,
			Problem: "is a parameter that the model does not have"}
	}
	var faults fault.List
	for _, p := range state.Items {
		moment, _ := p.Key.(string)
		name := momentName(parameter, moment)
		t, isTensor, err := r.Tensor(p.Value)
		at, has := held[parameter]
		switch {
		case err != nil:
			faults.Add("", err)
		case !isTensor || len(t.Shape) == 0:
			faults.Add("", o.moments.Add(r, name, p.Value))
		case t.Numel() == 0 && !has:
		default:
			faults.Add("", o.moments.AddMoment(r, name, model.Shape, at, t))
		}
	}
	return faults.Err()
}
