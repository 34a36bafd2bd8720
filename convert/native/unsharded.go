package native

import (
	"context"
	"fmt"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/pickle"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/sharded"
	"hf2olmo/convert/torchfile"
)

// readUnsharded reads model.pt, and optim.pt and train.pt if they are there; of the first
// two, their safetensors files if there are these alone.
func readUnsharded(o *opener) error {
	var faults fault.List
	if regular.Is(o.path(olmo.ModelFile)) {
		faults.Add("", readModelFile(o))
	} else {
		faults.Add("", readEncodedModel(o))
	}
	if o.modelOnly {
		return faults.Err()
	}
	if path := o.path(olmo.OptimizerFile); regular.Is(path) {
		faults.Add("", readOptimFile(o, path))
	} else if regular.Is(o.path(optimEncoded)) {
		faults.Add("", readEncodedOptim(o))
	}
	faults.Add("", readTrainFile(o))
	return faults.Err()
}

// ReadTrain reads the trainer's state of a checkpoint whose model alone was opened, if it is not
// read with the model: of an unsharded one, and of OLMo-core's own.
func (c *Checkpoint) ReadTrain(ctx context.Context) error {
	o := newOpener(ctx, c.Path, c)
	defer o.Close()
	if c.Kind == CoreTrainer && len(ranks(o.path(trainDir), rankFile)) > 0 {
		return o.trainFiles()
	}
	return readTrainFile(o)
}

// readTrainFile reads train.pt, if it is there.
func readTrainFile(o *opener) error {
	path := o.path(olmo.TrainFile)
	if !regular.Is(path) {
		return nil
	}
	_, top, err := o.saved(path)
	if err != nil {
		return err
	}
	return o.trainState(path, top)
}

func readModelFile(o *opener) error {
	f, err := o.Open(o.path(olmo.ModelFile))
	if err != nil {
		return err
	}
	o.Archives = append(o.Archives, sharded.Archive{File: f.Source, Bytes: f.Source.Size})
	tensors, err := torchfile.Open(f.File, f.Source)
	if err != nil {
		return err
	}
	for _, t := range tensors {
		o.model.AddWhole(t.Name, t)
	}
	return nil
}

// readOptimFile reads an optimizer's state dict. Its parameters are names, or numbers that
// the groups name.
func readOptimFile(o *opener, path string) error {
	r, top, err := o.saved(path)
	if err != nil {
		return err
	}
	state := pickle.AsMap(top.Get("state"))
	if state == nil {
		return &fault.Fault{File: r.File.Source.Name, Problem: "does not contain an optimizer's state"}
	}
	if err := o.setGroups(r.File.Source.Name, top.Get("param_groups")); err != nil {
		return err
	}
	names, err := o.parameterNames(r.File.Source.Name)
	if err != nil {
		return err
	}
	var faults fault.List
	for _, p := range state.Items {
		name, known := parameterName(names, p.Key)
		if !known {
			return &fault.Fault{File: r.File.Source.Name, Problem: "has a state of a parameter that is in no group",
				Found: fmt.Sprint(p.Key)}
		}
		faults.Add("", o.addState(r, name, p.Value))
	}
	return faults.Err()
}

// parameterName returns the name of a parameter that a state dict calls by a number, or
// by a name.
func parameterName(names map[any]string, key any) (name string, known bool) {
	if name, known = names[key]; known {
		return name, true
	}
	text, isText := key.(string)
	return sharded.PlainName(text), isText
}

// parameterNames returns what the optimizer's groups call their parameters, by what the
// state dict calls them: a number, or a name.
func (o *opener) parameterNames(file string) (map[any]string, error) {
	names := map[any]string{}
	for _, group := range o.c.Groups {
		ids, called := sharded.Items(group.Get("params")), sharded.Items(group.Get("param_names"))
		if len(ids) != len(called) {
			return nil, &fault.Fault{File: file, Tensor: "param_groups", Problem: "does not name each parameter"}
		}
		for i, id := range ids {
			name, isText := called[i].(string)
			switch id.(type) {
			case int64, string:
			default:
				isText = false
			}
			if !isText {
				return nil, &fault.Fault{File: file, Tensor: "param_groups",
					Problem: "names a parameter by something other than a number or a name"}
			}
			names[id] = sharded.PlainName(name)
		}
	}
	return names, nil
}
