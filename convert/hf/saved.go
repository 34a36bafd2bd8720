package hf

import (
	"path/filepath"
)

// gatheredFile is what accelerate and the HF Trainer call a whole model that they gathered from all
// ranks (FULL_STATE_DICT).
const gatheredFile = "pytorch_model_fsdp.bin"

// Saved returns what a Hugging Face trainer saved in a folder, as Open takes it: the sharded or gathered
// model that is in it, or in the latest step of the run whose folder it is. "" is none.
func Saved(dir string) string {
	if holdsSaved(dir) {
		return dir
	}
	d, bad := list(place{dir: dir})
	if bad != nil {
		return ""
	}
	found, latest := "", -1
	for _, name := range sortedNames(d.names) {
		m := stepFolder.FindStringSubmatch(name)
		if m == nil || !holdsSaved(d.path(name)) {
			continue
		}
		if step := number(name[len(m[1]):]); step > latest {
			found, latest = d.path(name), step
		}
	}
	return found
}

// holdsSaved reports whether a folder is the sharded or gathered model of a step.
func holdsSaved(dir string) bool {
	if IsRun(dir) {
		return true
	}
	d, bad := list(place{dir: dir})
	return bad == nil && d.preferred() == "" && d.names[gatheredFile] && !isDir(filepath.Join(dir, gatheredFile))
}
