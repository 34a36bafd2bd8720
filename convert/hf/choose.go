package hf

import (
	"fmt"
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

// A choice is the file that contains the weights, or says which files do.
type choice struct {
	name    string
	isIndex bool
	suspect *fault.Fault // what the file's name says that it is, if not a whole model
}

// A chooser decides which file of a folder has the weights.
type chooser struct {
	folder *modelFolder
	config map[string]any // nil if there is none
	warn   func(line string)
}

// choose returns the one weights file, or the index of several: what the user gave, else
// what transformers loads, else the only file that may be meant.
func (c *chooser) choose() (choice, *fault.Fault) {
	d := c.folder
	switch {
	case d.index != "":
		return choice{name: d.index, isIndex: true}, nil
	case d.weights != "":
		return choice{name: d.weights, suspect: foreignFile(d.weights)}, checkChosen(d.weights)
	}
	if named := c.config[weightsField]; named != nil {
		return c.named(named)
	}
	for _, name := range precedence {
		if d.names[name] && !isDir(d.path(name)) { // as in transformers, which looks for files
			if isWeightsName(name) && d.names[name+indexEnding] {
				c.warn(name + " is used and " + name + indexEnding + " is not, as in transformers")
			}
			return chosen(name), nil
		}
	}
	if bad := noWeights(d); bad != nil {
		return choice{}, bad
	}
	name := d.candidates()[0]
	c.warn(name + " is converted: transformers does not look for this name, but no other file can be the weights")
	return chosen(name), nil
}

func chosen(name string) choice { return choice{name: name, isIndex: isIndexName(name)} }

// weightsField is the field of config.json that names the file which transformers loads
// in place of those of precedence.
const weightsField = "transformers_weights"

// named is the file that config.json names, inside of the folder and of a kind that
// transformers takes.
func (c *chooser) named(value any) (choice, *fault.Fault) {
	name, ok := value.(string)
	found := fmt.Sprint(value)
	if ok {
		found = fmt.Sprintf("%q", name)
	}
	wrong := func(problem string) (choice, *fault.Fault) {
		return choice{}, &fault.Fault{File: configName, Found: found,
			Problem: weightsField + " " + problem,
			Hint:    "transformers loads the file that this field names: correct it, or give the weights file itself."}
	}
	if !ok {
		return wrong("is not the name of a file")
	}
	if filepath.IsAbs(name) {
		if dir, err := filepath.Abs(c.folder.dir); err == nil {
			name, _ = filepath.Rel(dir, name)
		}
	}
	name, inside := local(name)
	switch {
	case !inside:
		return wrong("names a file outside of the folder")
	case !strings.HasSuffix(name, safeEnding) && !strings.HasSuffix(name, safeEnding+indexEnding):
		return wrong("names neither a .safetensors file nor a .safetensors.index.json")
	case !exists(c.folder.path(name)):
		return wrong("names a file that does not exist")
	}
	if first := c.folder.preferred(); first != "" && first != name {
		c.warn(name + " is used and " + first + " is not, as in transformers: config.json names it in " + weightsField)
	}
	return chosen(name), nil
}

// preferred returns the first name that transformers looks for and that is there, or "".
func (d *modelFolder) preferred() string {
	for _, name := range precedence {
		if d.names[name] {
			return name
		}
	}
	return ""
}

// checkChosen refuses a weights file that cannot be a model by itself.
func checkChosen(name string) *fault.Fault {
	if parts := shard.FindStringSubmatch(name); parts != nil && parts[3] != "00001" {
		return &fault.Fault{File: name, Problem: "is one of several shards",
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

// shard matches the name of one of several weights files; the last two groups count them.
var shard = regexp.MustCompile(`^(.+)-(\d{5})-of-(\d{5})(\.safetensors|\.bin)$`)

func isWeightsName(name string) bool { return slices.Contains(endings, path.Ext(name)) }

// indexPattern matches an index of shards, also of a variant: model.safetensors.index.fp16.json.
var indexPattern = regexp.MustCompile(`\.index(\.[A-Za-z0-9_-]+)?\.json$`)

func isIndexName(name string) bool { return indexPattern.MatchString(name) }

// candidates are the files of the folder that may be the whole model under a name that
// transformers does not look for: a state dict that a training program saved.
func (d *modelFolder) candidates() (names []string) {
	for _, name := range sortedNames(d.names) {
		parts := shard.FindStringSubmatch(name)
		switch {
		case isIndexName(name):
		case !isWeightsName(name) || beside(name) || parts != nil && parts[3] != "00001":
			continue
		case foreignFile(name) != nil || name == "model.pt" && d.native() || isDir(d.path(name)):
			continue
		}
		names = append(names, name)
	}
	return names
}

// native reports whether a trainer's own files are in the folder.
func (d *modelFolder) native() bool { return d.names["train.pt"] || d.names["config.yaml"] }
