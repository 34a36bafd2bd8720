package native

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hf2olmo/convert/dcp"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/olmocore"
	"hf2olmo/convert/regular"
)

// Latest returns what Find does in the folder of a run, "" if path is anything else: the model of a Hugging Face
// folder may have a checkpoint in a folder beside its files. passedOver is why later steps were not taken: a fault
// for each, the latest first, whose File is the step's folder.
func Latest(path string) (step string, passedOver fault.List) {
	if Recognize(path) != "" || regular.Is(filepath.Join(path, olmocore.ConfigFile)) {
		return "", nil
	}
	return latest(path)
}

// Find returns the checkpoint that a path means: the folder itself, or the latest complete step in the
// folder of a run, of which an unsharded one comes before a sharded. If none is complete it is the
// latest one, whose faults are reported when it is opened. "" is none.
func Find(path string) string {
	if Recognize(path) != "" {
		return path
	}
	step, _ := latest(path)
	return step
}

// latest returns the latest complete step of a run, and what the later ones lack.
func latest(run string) (string, fault.List) {
	all := steps(run)
	var passed fault.List
	for _, step := range all {
		err := incomplete(step)
		if err == nil {
			return step, passed
		}
		var lacks fault.List
		lacks.Add("", err)
		if lacks[0].File == step {
			lacks[0].File = "" // said before
		}
		passed = append(passed, &fault.Fault{File: step, Problem: "is incomplete or damaged: " + lacks[0].Error()})
	}
	if len(all) == 0 {
		return "", nil
	}
	return all[0], nil
}

// steps returns the checkpoints in the folder of a run, the latest first.
func steps(run string) []string {
	type step struct {
		path      string
		number    int64
		unsharded bool
	}
	var found []step
	entries, _ := os.ReadDir(run) // a folder that cannot be listed has none
	for _, e := range entries {
		name, unsharded := strings.CutSuffix(e.Name(), olmo.Suffix)
		if path := filepath.Join(run, e.Name()); stepOf(name) >= 0 && Recognize(path) != "" {
			found = append(found, step{path, stepOf(name), unsharded})
		}
	}
	slices.SortStableFunc(found, func(a, b step) int {
		switch {
		case a.number != b.number || a.unsharded == b.unsharded:
			return cmp.Compare(b.number, a.number)
		case a.unsharded:
			return -1
		default:
			return 1
		}
	})
	var paths []string
	for _, s := range found {
		paths = append(paths, s.path)
	}
	return paths
}

// incomplete returns what a checkpoint lacks, as far as its index and the names and sizes of the ranks' files say.
func incomplete(dir string) error {
	kind := Recognize(dir)
	o := newOpener(context.Background(), dir, &Checkpoint{Path: dir, Kind: kind})
	defer o.Close()
	switch kind {
	case TorchLegacy:
		return countRanks(o, dir, ranks(dir, rankFile))
	case Local:
		return countLocal(o)
	case TorchNew, OLMoCore, CoreTrainer:
		var faults fault.List
		found := ranks(o.path(trainDir), rankFile)
		if kind != CoreTrainer || len(found) > 0 { // OLMo-core starts without them
			faults.Add("", countTrainFiles(o, found))
		}
		if kind == OLMoCore && hasShards(dir) {
			faults.Add("", countShards(o))
			return faults.Err()
		}
		addInside(o, &faults, index(dir, kind), dcp.CheckFiles(index(dir, kind)))
		return faults.Err()
	}
	return nil
}
