package native

import (
	"encoding/base64"
	"fmt"
	"strings"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/safetensors"
	"hf2olmo/convert/sharded"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

// What allenai/OLMo calls the files that it reads in place of model.pt and optim.pt.
const (
	modelEncoded = "model.safetensors"
	optimEncoded = "optim.safetensors"
)

// maxEncodedName bounds the name of a tensor in base64, in bytes. Real ones have some
// hundred.
const maxEncodedName = 4 << 10

// An encoded tensor is an entry of a nested dict in a safetensors file. Its name there is
// the base64 of a pickle, ((key, …), is the value pickled): see olmo/safetensors_util.py.
type encoded struct {
	path    []any // of keys: strings, and int64 for the optimizer's numbers
	pickled bool  // the elements are the bytes of a pickle, of a value that is not a tensor
	tensor  tensor.Tensor
}

// readEncoded reads the header of a safetensors file that the trainer wrote.
func readEncoded(o *opener, name string) (*sharded.File, []encoded, error) {
	path := o.path(name)
	f, err := o.Open(path)
	if err != nil {
		return nil, nil, err
	}
	tensors, err := safetensors.Open(f.File, f.Source)
	if err != nil {
		return nil, nil, err
	}
	var entries []encoded
	seen := map[string]bool{}
	for _, t := range tensors {
		e := encoded{tensor: t}
		var ok bool
		if e.path, e.pickled, ok = DecodeName(t.Name); !ok {
			return nil, nil, &fault.Fault{File: name, Tensor: t.Name, Problem: "has a name that the trainer did not write",
				Expected: "the base64 of a pickled tuple of keys", Hint: "If this is a Hugging Face model, give it to convert " +
					"without config.yaml."}
		}
		key := fmt.Sprintf("%q", e.path)
		if seen[key] {
			return nil, nil, &fault.Fault{File: name, Tensor: t.Name, Problem: "is the second tensor under the keys " + key}
		}
		seen[key] = true
		entries = append(entries, e)
	}
	return f, entries, nil
}

// DecodeName decodes the name of a tensor in a safetensors file that allenai/OLMo wrote: the keys
// under which its nested dict has the value, each a string or an int64, and whether the tensor is the
// bytes of its pickle.
func DecodeName(name string) (path []any, pickled, ok bool) {
	text, err := base64.URLEncoding.DecodeString(name)
	if err != nil || len(name) > maxEncodedName {
		return nil, false, false
	}
	v, err := torchfile.OpenOutline(strings.NewReader(string(text)), int64(len(text)))
	pair := sharded.Items(v)
	if err != nil || len(pair) != 2 {
		return nil, false, false
	}
	pickled, isBool := pair[1].(bool)
	path = sharded.Items(pair[0])
	for _, key := range path {
		switch key.(type) {
		case string, int64:
		default:
			return nil, false, false
		}
	}
	return path, pickled, isBool && len(path) > 0
}

// readEncodedModel reads model.safetensors.
func readEncodedModel(o *opener) error {
	_, entries, err := readEncoded(o, modelEncoded)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name, isText := e.path[0].(string)
		if len(e.path) != 1 || !isText || e.pickled {
			return &fault.Fault{File: modelEncoded, Tensor: e.tensor.Name, Problem: "is not a tensor of a model",
				Found: fmt.Sprintf("%q", e.path)}
		}
		o.model.AddWhole(name, e.tensor)
	}
	return nil
}

// readEncodedOptim reads optim.safetensors: its parameter groups first, which say what
// numbered parameters are called.
func readEncodedOptim(o *opener) error {
	f, entries, err := readEncoded(o, optimEncoded)
	if err != nil {
		return err
	}
	r := &sharded.Rank{World: 1, File: f}
	var faults fault.List
	var groups any
	for _, e := range entries {
		if len(e.path) == 1 && e.path[0] == "param_groups" && e.pickled {
			groups, err = readPickled(&e.tensor)
			faults.Add(optimEncoded, err)
		}
	}
	if len(faults) > 0 {
		return faults
	}
	if err := o.setGroups(optimEncoded, groups); err != nil {
		return err
	}
	names, err := o.parameterNames(optimEncoded)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.path[0] == "state" {
			faults.Add(optimEncoded, addEncodedState(o, r, names, e))
		}
	}
	return faults.Err()
}

// addEncodedState adds the moment ("state", parameter, moment).
func addEncodedState(o *opener, r *sharded.Rank, names map[any]string, e encoded) error {
	broken := &fault.Fault{File: optimEncoded, Tensor: e.tensor.Name, Problem: "is not an optimizer's state",
		Found: fmt.Sprintf("%q", e.path)}
	if len(e.path) != 3 {
		return broken
	}
	moment, isText := e.path[2].(string)
	parameter, known := parameterName(names, e.path[1])
	if !isText || !known {
		return broken
	}
	name := momentName(parameter, moment)
	if !e.pickled {
		o.moments.AddWhole(name, e.tensor)
		return nil
	}
	v, err := readPickled(&e.tensor)
	if err != nil {
		return err
	}
	switch v.(type) {
	case int64, float64, bool:
		return o.moments.Add(r, name, v)
	}
	return broken
}

// readPickled reads the value that a tensor of bytes is the pickle of.
func readPickled(t *tensor.Tensor) (any, error) {
	if t.DType != tensor.UInt8 || len(t.Shape) != 1 || t.Numel() > maxPickledBlob {
		return nil, &fault.Fault{Tensor: t.Name, Problem: "is not the bytes of a pickle"}
	}
	files, err := tensor.OpenFiles([]tensor.Tensor{*t})
	if err != nil {
		return nil, err
	}
	defer files.Close()
	b := make([]byte, t.Numel()) // its elements were seen to lie in the files
	if err := tensor.NewGatherer(files).Read(b, &tensor.Content{DType: t.DType, Parts: []*tensor.Tensor{t}},
		0); err != nil {
		return nil, err
	}
	return torchfile.OpenOutline(strings.NewReader(string(b)), int64(len(b)))
}
