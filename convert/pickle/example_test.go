package pickle_test

import (
	"bytes"
	"fmt"

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

// An allowlist: every other name is refused, and nothing is executed either way.
func ExampleUnpickle() {
	words := pickle.Words{
		Functions: map[pickle.Name]func(pickle.Tuple) bool{
			"torch.Size": func(args pickle.Tuple) bool { return len(args) == 1 },
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
		value, err := pickle.Unpickle(bytes.NewReader(data), int64(len(data)), words)
		if err != nil {
			fmt.Println(err)
			continue
		}
		call := value.(*pickle.Call)
		sizes, ok := pickle.Sizes(call.Args[0], 8)
		fmt.Println(call.Function, sizes, ok)
	}
	// Output:
	// torch.Size [2 3] true
	// the file contains Python objects other than tensors: it names os.system
}
