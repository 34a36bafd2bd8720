package native

import (
	"fmt"
	"path/filepath"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/pickle"
	"hf2olmo/convert/sharded"
)

// saved reads the outline of a whole file: its top must be a dict.
func (o *opener) saved(path string) (*sharded.Rank, *pickle.Map, error) {
	r, err := o.Rank(path, 0, 1)
	if err != nil {
		return nil, nil, err
	}
	top := pickle.AsMap(r.Value)
	if top == nil {
		return nil, nil, &fault.Fault{File: o.Name(path), Problem: "does not contain a dict"}
	}
	return r, top, nil
}

// checkRanks checks that there is one file of each rank of a run.
func checkRanks(o *opener, dir string, found map[int]string, world int) error {
	var faults fault.List
	for n := range found {
		if n >= world {
			faults.Add(o.Name(found[n]), fmt.Errorf("is of a rank that a run of %d ranks does not have", world))
		}
	}
	missing, first := 0, -1
	for n := range world {
		if found[n] == "" {
			if missing++; first < 0 {
				first = n
			}
		}
	}
	if missing > 0 {
		faults = append(faults, &fault.Fault{File: o.Name(dir),
			Problem: fmt.Sprintf("lacks the files of %d of %d ranks, the first of rank %d", missing, world, first),
			Hint:    "Copy the checkpoint whole: every node of the run wrote its own files."})
	}
	return faults.Err()
}

func (o *opener) path(parts ...string) string {
	return filepath.Join(append([]string{o.Dir}, parts...)...)
}
