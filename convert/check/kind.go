package check

import (
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"hf2olmo/convert/olmo"
	"hf2olmo/convert/olmocore"
	"hf2olmo/convert/regular"
)

// Kind is what a folder is. The sharded kinds are called as the trainer's
// --load_path_sharded_checkpointer calls them.
type Kind string

// The kinds of folders.
const (
	Unsharded   Kind = "unsharded"
	Legacy      Kind = "torch_legacy"
	New         Kind = "torch_new"
	Local       Kind = "local"
	Core        Kind = "olmo_core"
	CoreTrainer Kind = "olmo-core-trainer" // a checkpoint of OLMo-core, another trainer
	HuggingFace Kind = "huggingface"
	Run         Kind = "run" // a folder of checkpoints
	Unknown     Kind = "unknown"
)

func (k Kind) sharded() bool { return slices.Contains([]Kind{Legacy, New, Local, Core}, k) }

const (
	metadataFile = ".metadata"
	modelOptim   = "model_and_optim"
)

var (
	rankFile = regexp.MustCompile(`^rank(\d{1,9})\.pt$`)
	stepDir  = regexp.MustCompile(`^step(\d{1,18})(-unsharded)?$`)
)

// kind tells what the folder is by what lies in it, the most telling first.
func (c *checker) kind() Kind {
	switch {
	case c.names[olmo.ModelFile]:
		return Unsharded
	case !c.names[olmo.ConfigFile] && c.ofCore():
		return CoreTrainer
	case c.has(path.Join(modelOptim, metadataFile)), c.names[modelOptim]:
		return New
	case len(c.ranks("")) > 0:
		return Legacy
	case c.names[metadataFile] && filepath.Base(c.path) == modelOptim && !c.names[olmo.ConfigFile]:
		return CoreTrainer // the part of its checkpoint that holds the tensors
	case c.names[metadataFile] || c.has("model/.metadata.json"):
		return Core
	case len(c.ranks("model")) > 0 || c.names["metadata.yaml"] && c.names["model"]:
		return Local
	case c.names["config.json"] && !c.names[olmo.TrainFile], c.hugging():
		return HuggingFace
	case len(c.steps()) > 0:
		return Run
	case c.names[olmo.TrainFile], c.names[optimFile], c.names["model.safetensors"]:
		return Unsharded
	case strings.HasSuffix(c.path, olmo.Suffix) && len(c.names) > 0:
		return Unsharded
	}
	return Unknown
}

// ofCore reports whether OLMo-core's trainer, or a conversion for it, wrote the folder, which
// has no config.yaml.
func (c *checker) ofCore() bool {
	switch {
	case c.names[coreMarker], c.names[modelOptim]:
		return true
	case !c.names[olmocore.ConfigFile]:
		return false
	}
	text, err := regular.Read(filepath.Join(c.path, olmocore.ConfigFile), olmocore.LargestConfig)
	var config struct {
		Model map[string]any `json:"model"`
	}
	return err == nil && json.Unmarshal(text, &config) == nil && config.Model[classField] != nil
}

// hugging reports whether there are weights under a name that only Hugging Face gives.
func (c *checker) hugging() bool {
	for name := range c.names {
		for _, pattern := range []string{"model-*-of-*.safetensors", "pytorch_model*.bin", "*.index.json"} {
			if ok, _ := path.Match(pattern, name); ok {
				return true
			}
		}
	}
	return false
}

// ranks returns the numbers of the rank*.pt in a folder of the checkpoint, sorted.
func (c *checker) ranks(folder string) []int {
	entries, err := os.ReadDir(filepath.Join(c.path, folder))
	if err != nil {
		return nil
	}
	var ranks []int
	for _, e := range entries {
		if m := rankFile.FindStringSubmatch(e.Name()); m != nil {
			n, _ := strconv.Atoi(m[1])
			ranks = append(ranks, n)
		}
	}
	slices.Sort(ranks)
	return ranks
}

// A step is a checkpoint in the folder of a run.
type step struct {
	name      string
	number    int64
	unsharded bool
}

// steps returns the checkpoints in the folder, the latest last: of the same step, the
// trainer prefers the sharded one.
func (c *checker) steps() []step {
	var steps []step
	for name := range c.names {
		m := stepDir.FindStringSubmatch(name)
		if info, err := os.Stat(filepath.Join(c.path, name)); m == nil || err != nil || !info.IsDir() {
			continue
		}
		n, _ := strconv.ParseInt(m[1], 10, 64)
		steps = append(steps, step{name, n, m[2] != ""})
	}
	slices.SortFunc(steps, func(a, b step) int {
		if a.number != b.number {
			return int(min(max(a.number-b.number, -1), 1))
		}
		if a.unsharded {
			return -1
		}
		return 1
	})
	return steps
}
