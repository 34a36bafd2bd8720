package hf

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"hf2olmo/convert/fault"
)

// precedence is the order in which transformers looks for a model's weights.
var precedence = []string{
	"model.safetensors", "model.safetensors.index.json",
	"pytorch_model.bin", "pytorch_model.bin.index.json",
}

// choose names the one weights file, or the index of several (then o.index is it too):
// what the user gave, else what transformers loads, else the only file that may be meant.
func (o *opening) choose() (string, *fault.Fault) {
	switch {
	case o.index != "":
		return o.index, nil
	case o.weights != "":
		o.model.Suspect = foreignFile(o.weights)
		return o.weights, o.checkChosen()
	}
	if named := o.model.Config[weightsField]; named != nil {
		return o.named(named)
	}
	for _, name := range precedence {
		if o.names[name] && !isDir(filepath.Join(o.dir, name)) { // as in transformers, which looks for files
			if isWeightsName(name) && o.names[name+".index.json"] {
				o.warn(name + " is used and " + name + ".index.json is not, as in transformers")
			}
			return o.chosen(name), nil
		}
	}
	if bad := o.noWeights(); bad != nil {
		return "", bad
	}
	name := o.candidates()[0]
	o.warn(name + " is converted: transformers does not look for this name, but no other file can be the weights")
	return o.chosen(name), nil
}

// chosen notes an index as such.
func (o *opening) chosen(name string) string {
	if isIndexName(name) {
		o.index = name
	}
	return name
}

// weightsField is the field of config.json that names the file which transformers loads
// in place of those of precedence.
const weightsField = "transformers_weights"

// named is the file that config.json names, inside of the folder and of a kind that
// transformers takes.
func (o *opening) named(value any) (string, *fault.Fault) {
	name, ok := value.(string)
	found := fmt.Sprint(value)
	if ok {
		found = fmt.Sprintf("%q", name)
	}
	wrong := func(problem string) (string, *fault.Fault) {
		return "", &fault.Fault{File: configName, Found: found,
			Problem: weightsField + " " + problem,
			Hint:    "transformers loads the file that this field names: correct it, or give the weights file itself."}
	}
	if !ok {
		return wrong("is not the name of a file")
	}
	if filepath.IsAbs(name) {
		if dir, err := filepath.Abs(o.dir); err == nil {
			name, _ = filepath.Rel(dir, name)
		}
	}
	name, inside := local(name)
	switch {
	case !inside:
		return wrong("names a file that leads out of the folder")
	case !strings.HasSuffix(name, safeEnding) && !strings.HasSuffix(name, safeEnding+indexEnding):
		return wrong("names neither a .safetensors file nor a .safetensors.index.json")
	case !exists(filepath.Join(o.dir, name)):
		return wrong("names a file that does not exist")
	}
	if first := o.firstOfPrecedence(); first != "" && first != name {
		o.warn(name + " is used and " + first + " is not, as in transformers: config.json names it in " + weightsField)
	}
	return o.chosen(name), nil
}

func (o *opening) firstOfPrecedence() string {
	for _, name := range precedence {
		if o.names[name] {
			return name
		}
	}
	return ""
}

// local cleans a relative path with slashes, and reports whether it stays in its folder
// and is the name of a file there.
func local(name string) (string, bool) {
	if strings.ContainsAny(name, "\\\x00") || !filepath.IsLocal(name) {
		return name, false
	}
	name = path.Clean(name)
	return name, name != "."
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// checkChosen refuses a weights file that cannot be a model by itself.
func (o *opening) checkChosen() *fault.Fault {
	if parts := shard.FindStringSubmatch(o.weights); parts != nil && parts[3] != "00001" {
		return &fault.Fault{File: o.weights, Problem: "is one of several shards",
			Hint: "Give the folder, or the index file."}
	}
	return nil
}

const (
	safeEnding  = ".safetensors"
	indexEnding = ".index.json"
)

// endings are those of the names that people give to files of weights.
var endings = []string{safeEnding, ".bin", ".pt", ".pth", ".ckpt"}

func isWeightsName(name string) bool { return slices.Contains(endings, path.Ext(name)) }

// indexPattern matches an index of shards, also of a variant: model.safetensors.index.fp16.json.
var indexPattern = regexp.MustCompile(`\.index(\.[A-Za-z0-9_-]+)?\.json$`)

func isIndexName(name string) bool { return indexPattern.MatchString(name) }

// candidates are the files of the folder that may be the whole model under a name that
// transformers does not look for: a state dict that a training program saved.
func (o *opening) candidates() (names []string) {
	for _, name := range sorted(o.names) {
		parts := shard.FindStringSubmatch(name)
		switch {
		case isIndexName(name):
		case !isWeightsName(name) || beside(name) || parts != nil && parts[3] != "00001":
			continue
		case foreignFile(name) != nil || name == "model.pt" && o.native() || isDir(filepath.Join(o.dir, name)):
			continue
		}
		names = append(names, name)
	}
	return names
}

// native reports whether a trainer's own files lie in the folder.
func (o *opening) native() bool { return o.names["train.pt"] || o.names["config.yaml"] }
