package torchfile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/nlpodyssey/gopickle/types"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/tensor"
)

// stateDict returns the tensors of the value in a file, which must be a dict of
// nothing else. All faults are reported at once, in the order of the names.
func stateDict(value any, file *tensor.File) ([]tensor.Tensor, error) {
	items, ok := dictItems(value)
	if !ok {
		f := problem("the file does not contain a dict of tensors")
		f.Found = pythonType(value)
		f.Hint = foreignHint
		return nil, f
	}
	if len(items) == 0 {
		return nil, problem("the file contains an empty dict")
	}
	if f := checkAttributes(value); f != nil {
		return nil, f
	}
	if len(items) > tensor.MaxTensors {
		f := problem("the file contains more tensors than any model has")
		f.Expected, f.Found = fmt.Sprintf("at most %d", tensor.MaxTensors), fmt.Sprint(len(items))
		return nil, f
	}
	if f := checkNested(items, file.Name); f != nil {
		return nil, f
	}
	names := 0
	for _, item := range items {
		name, _ := item.Key.(string)
		if names += len(name); names > tensor.MaxNames {
			return nil, problem("the names of the tensors take more than %d MB, more than any model's",
				tensor.MaxNames/1_000_000)
		}
	}
	var tensors []tensor.Tensor
	var faults fault.List
	seen := map[string]bool{}
	for _, item := range items {
		t, f := itemTensor(item, file)
		if f == nil && seen[t.Name] {
			f = &fault.Fault{Tensor: t.Name, Problem: "appears twice in the file"}
		}
		if f != nil {
			faults = append(faults, f)
			continue
		}
		seen[t.Name] = true
		tensors = append(tensors, t)
	}
	slices.SortFunc(tensors, func(a, b tensor.Tensor) int { return strings.Compare(a.Name, b.Name) })
	slices.SortStableFunc(faults, func(a, b *fault.Fault) int { return strings.Compare(a.Tensor, b.Tensor) })
	return tensors, faults.Err()
}

// checkAttributes refuses attributes of an OrderedDict, except the one that torch gives to
// state dicts: in Python they may replace its methods, such as items.
func checkAttributes(value any) *fault.Fault {
	d, ok := value.(*types.OrderedDict)
	if !ok {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(d.PyDict)) {
		if name != "_metadata" {
			return problem("the dict has the attribute %q, which torch does not write", name)
		}
	}
	return nil
}

// itemTensor returns the tensor of an item of the dict.
func itemTensor(item types.DictEntry, file *tensor.File) (tensor.Tensor, *fault.Fault) {
	name, ok := item.Key.(string)
	if !ok {
		return tensor.Tensor{}, problem("a key of the dict is %s, not a str", keyString(item.Key))
	}
	value, ok := item.Value.(*tensorValue)
	if !ok {
		return tensor.Tensor{}, &fault.Fault{Tensor: name, Problem: "is not a tensor", Found: pythonType(item.Value)}
	}
	if of := value.in.of; of.tensor == "" || name < of.tensor {
		of.tensor = name
	}
	return value.resolve(name, file)
}

func keyString(key any) string {
	if n, ok := key.(int); ok {
		return fmt.Sprintf("the int %d", n)
	}
	return pythonType(key)
}

// checkNested reports a state dict that is inside the dict, as training scripts
// write it next to the optimizer and the step.
func checkNested(items []types.DictEntry, file string) *fault.Fault {
	// A hostile file may contain one large dict many times: each is examined once.
	seen := map[any]bool{}
	for _, item := range items {
		key, isString := item.Key.(string)
		if !isString || !isDict(item.Value) || seen[item.Value] {
			continue
		}
		seen[item.Value] = true
		if inner, _ := dictItems(item.Value); !slices.ContainsFunc(inner, hasTensor) {
			continue
		}
		f := problem("the tensors are not at the top level of the file, but inside %q", key)
		f.Hint = fmt.Sprintf("Save the inner dict alone: torch.save(torch.load(%q, map_location=\"cpu\")[%q], "+
			"\"pytorch_model.bin\").", file, key)
		return f
	}
	return nil
}

func hasTensor(item types.DictEntry) bool {
	_, ok := item.Value.(*tensorValue)
	return ok
}

func isDict(value any) bool {
	switch value.(type) {
	case *types.Dict, *types.OrderedDict:
		return true
	}
	return false
}

// dictItems returns the items of a dict or OrderedDict in their order.
func dictItems(value any) ([]types.DictEntry, bool) {
	switch d := value.(type) {
	case *types.Dict:
		return *d, true
	case *types.OrderedDict:
		items := make([]types.DictEntry, 0, d.Len())
		for e := d.List.Front(); e != nil; e = e.Next() {
			entry := e.Value.(*types.OrderedDictEntry)
			items = append(items, types.DictEntry{Key: entry.Key, Value: entry.Value})
		}
		return items, true
	}
	return nil, false
}

// dictLen returns the number of items of a dict or OrderedDict, 0 for anything else.
func dictLen(value any) int {
	switch d := value.(type) {
	case *types.Dict:
		return d.Len()
	case *types.OrderedDict:
		return d.Len()
	}
	return 0
}

// elements is a count for a message.
func elements(n int64, ok bool) string {
	switch {
	case !ok:
		return "more than 2^62 elements"
	case n == 1:
		return "1 element"
	}
	return fmt.Sprintf("%d elements", n)
}
