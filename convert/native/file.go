package native

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"

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

// countRanks notes how many ranks saved the checkpoint, by the files in a folder, each of which
// has the trainer's state of one rank, and checks that there is one of each. When files were lost or
// added, the number that all of them agree on says which.
func countRanks(o *opener, dir string, found map[int]string) error {
	world := len(found)
	var saved []int64
	for _, n := range slices.Sorted(maps.Keys(found)) {
		_, top, err := o.saved(found[n])
		o.Done(found[n])
		if err != nil {
			break // the file is reported when it is read
		}
		own, _ := top.Get("world_size").(int64)
		if saved = append(saved, own); own == int64(world) || own != saved[0] {
			break
		}
	}
	if len(saved) == len(found) && saved[0] > 0 && saved[0] <= maxRanks && saved[0] == saved[len(saved)-1] {
		world = int(saved[0])
	}
	o.c.World = world
	return checkRanks(o, dir, found, world)
}

// maxRanks is more than any run has.
const maxRanks = 1 << 24

// checkRanks checks that there is one file of each rank of a run. Of no ranks is a run whose
// number of them is not known, which has been reported.
func checkRanks(o *opener, dir string, found map[int]string, world int) error {
	if world == 0 {
		return nil
	}
	var faults fault.List
	for n := range found {
		if n >= world {
			faults.Add(o.Name(found[n]), fmt.Errorf("is of a rank that a run of %d ranks does not have", world))
		}
	}
	inside, first := 0, 0
	for n := range found {
		if n < world {
			inside++
		}
	}
	for found[first] != "" {
		first++
	}
	if missing := world - inside; missing > 0 {
		file := o.Name(dir)
		if file == "." {
			file = o.Dir
		}
		faults = append(faults, &fault.Fault{File: file,
			Problem: fmt.Sprintf("lacks the files of %d of %d ranks, the first of rank %d", missing, world, first),
			Hint:    copyWhole})
	}
	return faults.Err()
}

// copyWhole is what to do about files that are not there.
const copyWhole = "Copy the checkpoint whole: every node of the run wrote its own files."

func (o *opener) path(parts ...string) string {
	return filepath.Join(append([]string{o.Dir}, parts...)...)
}
