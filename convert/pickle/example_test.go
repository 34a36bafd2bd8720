package pickle_test

import (
	"bytes"
	"fmt"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/pickle"
)

// A state as a trainer saves it: read without knowing, or running, any of its classes.
func ExampleOutline() {
	data, err := pickle.Marshal(pickle.Dict{
		{Key: "step", Value: int64(1000)},
		{Key: "folder", Value: &pickle.Call{Function: "pathlib.PosixPath", Args: pickle.Tuple{"runs", "7b"}}},
	}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}

	value, err := pickle.Outline(pickle.NewSource(bytes.NewReader(data), 0, int64(len(data))), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	state := pickle.AsMap(value)
	folder := state.Get("folder").(*pickle.Object)
	fmt.Println(state.Get("step"), folder.Class, folder.Args.(*pickle.List).Items)
	// Output: 1000 pathlib.PosixPath [runs 7b]
}

// size is torch.Size of a tuple, as the vocabulary below reads it.
type size struct{}

// Call is how gopickle calls it.
func (size) Call(args ...any) (any, error) {
	if len(args) != 1 {
		return nil, pickle.Broken("a torch.Size of more than one argument")
	}
	sizes, ok := pickle.Sizes(args[0], 8)
	if !ok {
		return nil, pickle.Broken("a torch.Size of something other than numbers")
	}
	return sizes, nil
}

// An allowlist: every other name is refused, and nothing is executed either way.
func ExampleVocabulary() {
	words := pickle.Vocabulary{
		Names:    map[string]any{"torch.Size": size{}},
		MaxCalls: 1,
		Foreign: func(names []string) *fault.Fault {
			return &fault.Fault{Problem: "the pickle names " + pickle.ForeignNames(names)}
		},
	}
	for _, call := range []*pickle.Call{
		{Function: "torch.Size", Args: pickle.Tuple{pickle.Tuple{int64(2), int64(3)}}},
		{Function: "os.system", Args: pickle.Tuple{"true"}},
	} {
		data, err := pickle.Marshal(call, nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		passed, err := words.Scan(pickle.NewSource(bytes.NewReader(data), 0, int64(len(data))))
		if err != nil {
			fmt.Println(err)
			continue
		}
		value, err := words.Unpickle(passed, nil)
		fmt.Println(value, err)
	}
	// Output:
	// [2 3] <nil>
	// the pickle names os.system
}
