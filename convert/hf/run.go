package hf

import (
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"hf2olmo/convert/dcp"
	"hf2olmo/convert/fault"
)

// A run is the sharded model that a distributed run of a Hugging Face trainer left. Its
// files are named relative to the place's folder.
type run struct {
	ranks  map[int]string // a state dict per rank, by the rank's number
	index  string         // or the folder of a distributed checkpoint
	faults fault.List     // what the names of the files show
}

// verl, EasyR1 and SkyRL save a state dict per rank, accelerate and the HF Trainer a
// distributed checkpoint, or a state dict per rank if they are asked for local ones.
var (
	worldFile   = regexp.MustCompile(`^model_world_size_(0|[1-9]\d{0,6})_rank_(0|[1-9]\d{0,6})\.pt$`)
	localFile   = regexp.MustCompile(`^pytorch_model_fsdp_rank(0|[1-9]\d{0,6})\.bin$`)
	nativeFile  = regexp.MustCompile(`^(rank\d+\.pt|__\d+_\d+\.distcp)$`) // as AI2's trainers save them
	indexFolder = regexp.MustCompile(`^pytorch_model_fsdp_\d+$`)
	stepFolder  = regexp.MustCompile(`^(global_step_|checkpoint-)\d+$`)
)

// policyFolders are where in a step's folder the policy is that was trained; a critic
// beside it is not a language model.
var policyFolders = []string{"actor", "policy"}

// locateRun finds the sharded model in a folder, or in the part of it that a trainer puts
// it into; ok is false if there is none.
func locateRun(dir string) (where place, ok bool) {
	full, err := filepath.Abs(dir)
	if err != nil {
		return place{}, false
	}
	if base := filepath.Base(full); indexFolder.MatchString(base) && isIndexFolder(full) {
		where = describe(filepath.Dir(filepath.Clean(dir)))
		if filepath.Base(dir) != base { // "."
			where = describe(filepath.Dir(full))
		}
		where.run = &run{index: base}
		return where, true
	}
	for _, inner := range append([]string{"."}, policyFolders...) {
		d, bad := list(describe(filepath.Join(dir, inner)))
		if bad != nil || d.preferred() != "" {
			continue
		}
		if d.run = d.findRun(); d.run != nil {
			if d.name = nameOfRun(d.place); inner != "." {
				d.name, d.within = describe(dir).name, dir
			}
			return d.place, true
		}
	}
	return place{}, false
}

// IsRun reports whether a folder is the sharded model of a run, or contains it as the folder
// of a step does.
func IsRun(dir string) bool {
	_, ok := locateRun(dir)
	return ok
}

// nameOfRun is what the output of a run is called by default: global_step_5 for the actor
// in such a folder.
func nameOfRun(p place) string {
	full, err := filepath.Abs(p.dir)
	if err != nil || !slices.Contains(policyFolders, filepath.Base(full)) {
		return p.name
	}
	if step := filepath.Base(filepath.Dir(full)); stepFolder.MatchString(step) {
		return step
	}
	return p.name
}

// isIndexFolder reports whether a folder is a distributed checkpoint, or what is left of one.
func isIndexFolder(dir string) bool {
	d, bad := list(place{dir: dir})
	return bad == nil && (d.names[dcp.MetadataFile] || len(matching(sortedNames(d.names), "*.distcp")) > 0)
}

// isPartOfRun reports whether a file is called like one of several that make up a model.
func isPartOfRun(path string) bool {
	base := filepath.Base(path)
	return worldFile.MatchString(base) || localFile.MatchString(base) || nativeFile.MatchString(base) ||
		indexFolder.MatchString(filepath.Base(filepath.Dir(path)))
}

// findRun returns the sharded model whose files are in a folder, nil if there is none.
func (d *modelFolder) findRun() *run {
	worlds, local, indexes := map[int]map[int]string{}, map[int]string{}, []string(nil)
	for _, name := range sortedNames(d.names) {
		if m := worldFile.FindStringSubmatch(name); m != nil {
			world, rank := number(m[1]), number(m[2])
			if worlds[world] == nil {
				worlds[world] = map[int]string{}
			}
			worlds[world][rank] = name
		} else if m := localFile.FindStringSubmatch(name); m != nil {
			local[number(m[1])] = name
		} else if indexFolder.MatchString(name) && isIndexFolder(d.path(name)) {
			indexes = append(indexes, name)
		}
	}
	switch {
	case len(worlds) > 0:
		return runOfWorlds(worlds)
	case len(indexes) > 0:
		return runOfIndexes(d.dir, indexes)
	case len(local) > 0:
		r := &run{ranks: local}
		r.checkRanks(1+slices.Max(slices.Collect(maps.Keys(local))), func(rank int) string {
			return fmt.Sprintf("pytorch_model_fsdp_rank%d.bin", rank)
		})
		return r
	}
	return nil
}

// runOfWorlds takes the files of the one world size that there is.
func runOfWorlds(worlds map[int]map[int]string) *run {
	sizes := slices.Sorted(maps.Keys(worlds))
	r := &run{ranks: worlds[sizes[0]]}
	if len(sizes) > 1 {
		r.faults = append(r.faults, &fault.Fault{File: r.ranks[slices.Min(slices.Collect(maps.Keys(r.ranks)))],
			Problem: "the folder has the files of runs on different numbers of ranks", Found: fmt.Sprint(sizes),
			Hint: "Remove the files of the other run: a checkpoint has one file per rank."})
		return r
	}
	r.checkRanks(sizes[0], func(rank int) string {
		return fmt.Sprintf("model_world_size_%d_rank_%d.pt", sizes[0], rank)
	})
	return r
}

// runOfIndexes takes the one distributed checkpoint that there is.
func runOfIndexes(dir string, indexes []string) *run {
	r := &run{index: indexes[0]}
	if len(indexes) > 1 {
		r.faults = append(r.faults, &fault.Fault{File: dir, Problem: "contains several models", Found: listed(indexes, ""),
			Hint: "Give one of these folders."})
	}
	return r
}

// checkRanks checks that each rank of the world has its file, and nothing else has.
func (r *run) checkRanks(world int, called func(rank int) string) {
	var missing, surplus []string
	for rank := 0; rank < world && len(missing) <= len(r.ranks); rank++ {
		if r.ranks[rank] == "" {
			missing = append(missing, called(rank))
		}
	}
	for _, rank := range slices.Sorted(maps.Keys(r.ranks)) {
		if rank >= world {
			surplus = append(surplus, r.ranks[rank])
		}
	}
	if len(missing) > 0 {
		r.faults = append(r.faults, &fault.Fault{File: missing[0], Problem: "does not exist", Hint: copyWhole,
			Expected: fmt.Sprintf("the files of %d ranks", world), Found: fmt.Sprint(len(r.ranks) - len(surplus))})
	}
	for _, name := range surplus {
		r.faults = append(r.faults, &fault.Fault{File: name, Problem: "is of a rank that the run does not have",
			Expected: fmt.Sprintf("ranks 0 to %d", world-1)})
	}
}

// copyWhole is what to do if files of a sharded run are missing or damaged.
const copyWhole = "Copy the checkpoint again, all of it: each rank wrote its own file, perhaps on another machine."

// number is that of a few digits.
func number(digits string) int {
	n, _ := strconv.Atoi(digits)
	return n
}
