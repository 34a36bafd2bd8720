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

	"hf2olmo/convert/hf"
	"hf2olmo/convert/native"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/olmocore"
	"hf2olmo/convert/regular"
)

// Kind is what a folder is. The sharded kinds are called as the trainer's
// --load_path_sharded_checkpointer calls them.
type Kind string

// The kinds of folders.
const (
	Unsharded   = Kind(native.Unsharded)
	Legacy      = Kind(native.TorchLegacy)
	New         = Kind(native.TorchNew)
	Local       = Kind(native.Local)
	Core        = Kind(native.OLMoCore)
	CoreTrainer = Kind("olmo-core-trainer") // a checkpoint of OLMo-core, another trainer
	HuggingFace = Kind("huggingface")
	Run         = Kind("run") // a folder of checkpoints
	Unknown     = Kind("unknown")
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

// kind is what the folder is: a checkpoint as package native recognizes it, or what it seems
// to be although files are missing.
func (d *dir) kind() Kind {
	switch kind := native.Recognize(d.path); {
	case hf.IsRun(d.path):
		return HuggingFace
	case kind == "":
		return d.seems()
	case kind == native.CoreTrainer:
		return CoreTrainer
	default:
		return Kind(kind)
	}
}

// seems is what a folder is, by what is in it, that no trainer can load: the most telling first.
func (d *dir) seems() Kind {
	switch {
	case d.names[olmo.ModelFile]:
		return Unsharded
	case !d.names[olmo.ConfigFile] && d.ofCore():
		return CoreTrainer
	case d.names[modelOptim]:
		return New
	case len(d.ranks("model")) > 0 || d.names[localMetadata] && d.names["model"]:
		return Local
	case d.names["config.json"] && !d.names[olmo.TrainFile], d.hugging():
		return HuggingFace
	case len(d.steps()) > 0:
		return Run
	case d.names[olmo.TrainFile], d.names[optimFile], d.names["model.safetensors"]:
		return Unsharded
	case strings.HasSuffix(d.path, olmo.Suffix) && len(d.names) > 0:
		return Unsharded
	}
	return Unknown
}

// ofCore reports whether OLMo-core's trainer, or a conversion for it, wrote the folder, which
// has no config.yaml.
func (d *dir) ofCore() bool {
	switch {
	case d.names[coreMarker], d.names[modelOptim]:
		return true
	case !d.names[olmocore.ConfigFile]:
		return false
	}
	text, err := regular.Read(filepath.Join(d.path, olmocore.ConfigFile), olmocore.MaxConfig)
	var config struct {
		Model map[string]any `json:"model"`
	}
	return err == nil && json.Unmarshal(text, &config) == nil && config.Model[classField] != nil
}

// hugging reports whether there are weights under a name that only Hugging Face gives.
func (d *dir) hugging() bool {
	for name := range d.names {
		for _, pattern := range []string{"model-*-of-*.safetensors", "pytorch_model*.bin", "*.index.json"} {
			if ok, _ := path.Match(pattern, name); ok {
				return true
			}
		}
	}
	return false
}

// A step is a checkpoint in the folder of a run.
type step struct {
	name      string
	number    int64
	unsharded bool
}

// steps returns the checkpoints in the folder, the latest last: of the same step, the
// trainer prefers the sharded one.
func (d *dir) steps() []step {
	var steps []step
	for name := range d.names {
		m := stepDir.FindStringSubmatch(name)
		if info, err := os.Stat(filepath.Join(d.path, name)); m == nil || err != nil || !info.IsDir() {
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
