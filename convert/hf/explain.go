package hf

import (
	"path/filepath"
	"slices"
	"strings"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/regular"
)

// notAModel says what a folder with neither a config nor weights is instead.
func notAModel(d *modelFolder) *fault.Fault {
	if d.names[configName] || d.weights != "" || d.index != "" || d.run != nil {
		return nil
	}
	if d.preferred() != "" {
		return nil
	}
	if f := runsInside(d); f != nil {
		return f
	}
	if f := inFolder(d); f != nil && len(d.candidates()) == 0 {
		return f
	}
	if len(d.candidates()) > 0 {
		return nil // the fault is that config.json is not beside them
	}
	var models []string
	for _, name := range sortedNames(d.names) {
		inner := d.path(name)
		if exists(filepath.Join(inner, configName)) || isDir(filepath.Join(inner, "snapshots")) ||
			exists(filepath.Join(inner, innerFolder, configName)) {
			models = append(models, name)
		}
	}
	if len(models) > 0 {
		return folderOfModels(d, models)
	}
	return &fault.Fault{File: d.dir, Problem: "contains neither config.json nor weights",
		Hint: "Give the folder of a downloaded Hugging Face model."}
}

func folderOfModels(d *modelFolder, models []string) *fault.Fault {
	return &fault.Fault{File: d.dir, Problem: "contains neither config.json nor weights",
		Found: "folders of models: " + listed(models, ""), Hint: "Give one of these folders, or several."}
}

// runsInside finds the steps of a run in its folder; nil if there are none.
func runsInside(d *modelFolder) *fault.Fault {
	var steps []string
	for _, name := range sortedNames(d.names) {
		if !stepFolder.MatchString(name) {
			continue
		}
		if _, ok := locateRun(d.path(name)); ok {
			steps = append(steps, name)
		}
	}
	if len(steps) == 0 {
		return nil
	}
	return folderOfModels(d, steps)
}

// inFolder is foreign with a hint for what else is in the folder: the script that merges it,
// or the model itself, which some programs save in a folder inside.
func inFolder(d *modelFolder) *fault.Fault {
	f := foreign(d.names)
	if f == nil {
		return nil
	}
	f.File = d.dir
	if d.names[zeroScript] {
		f.Hint = RunZeroScript
	}
	if inner := d.path(innerFolder); d.names[innerFolder] && holdsWeights(inner) {
		f.Hint = "The whole model is in the folder inside: give " + inner + "."
	}
	return f
}

// RunZeroScript is what to do if DeepSpeed's zero_to_fp32.py is in the folder.
const RunZeroScript = "Run `python zero_to_fp32.py . MERGED` in the folder, put config.json and tokenizer.json " +
	"into MERGED, and convert that."

// above says what the folder above is if this one is the part of it that has no weights.
func above(d *modelFolder) *fault.Fault {
	if filepath.Base(d.dir) != innerFolder {
		return nil
	}
	up, bad := list(place{dir: filepath.Dir(d.dir)})
	if bad != nil {
		return nil
	}
	if up.findRun() != nil {
		return &fault.Fault{File: d.dir, Problem: "contains the config of a sharded run, and no weights",
			Hint: "The weights are in the folder above: give " + up.dir + "."}
	}
	return inFolder(up)
}

const (
	zeroScript  = "zero_to_fp32.py" // DeepSpeed puts it beside its checkpoints
	innerFolder = "huggingface"     // verl puts config and tokenizer there, and the weights if it is asked to
)

// holdsWeights reports whether a folder has a file that transformers would load.
func holdsWeights(dir string) bool {
	return slices.ContainsFunc(precedence, func(name string) bool { return regular.Is(filepath.Join(dir, name)) })
}

// noWeights says what to do with a folder that has none of the names that transformers
// looks for; nil if exactly one other file may be the weights.
func noWeights(d *modelFolder) *fault.Fault {
	found := d.candidates()
	for _, name := range sortedNames(d.names) {
		parts := shard.FindStringSubmatch(name)
		if parts != nil && parts[3] != "00001" && len(found) == 0 {
			index := parts[1] + parts[4] + indexEnding
			return &fault.Fault{File: index, Problem: "is missing, though there are shards", Found: name,
				Hint: d.download(index)}
		}
	}
	if f := unfinished(d); f != nil {
		return f
	}
	for _, name := range precedence {
		if d.names[name] {
			return folderNamed(d, name)
		}
	}
	if f := runsInside(d); f != nil && len(found) == 0 {
		f.Problem = "contains no weights"
		return f
	}
	if len(found) == 1 {
		return nil
	}
	if f := inFolder(d); f != nil && len(found) == 0 {
		return f
	}
	if f := above(d); f != nil && len(found) == 0 {
		return f
	}
	f := &fault.Fault{File: d.dir, Problem: "contains no weights", Hint: d.download(precedence[0]),
		Expected: strings.Join(precedence[:3], ", ") + " or " + precedence[3]}
	if len(found) > 0 {
		f.Found = listed(found, "")
		f.Hint = "If one of these files contains the whole model, give that file itself, such as " +
			filepath.Join(d.dir, found[0]) + "."
	}
	return f
}

// folderNamed is the fault of a folder that is named like a weights file: zero_to_fp32.py of
// newer DeepSpeed makes one where an older one made the file.
func folderNamed(d *modelFolder, name string) *fault.Fault {
	f := &fault.Fault{File: name, Problem: "is a folder, not a file"}
	inner := d.path(name)
	for _, inside := range precedence {
		if regular.Is(filepath.Join(inner, inside)) {
			f.Problem = "is a folder, and the file is in it"
			f.Found = filepath.Join(name, inside)
			f.Hint = "Move it up, in the model's folder: mv " + name + " merged && mv merged/* . " +
				"(zero_to_fp32.py takes the name of a folder now)."
			return f
		}
	}
	return f
}
