package native

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"

	"hf2olmo/convert/dcp"
	"hf2olmo/convert/disk"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/olmocore"
	"hf2olmo/convert/regular"
)

// Kind is the layout of a checkpoint. The sharded ones of allenai/OLMo are called as
// its --load_path_sharded_checkpointer calls them.
type Kind string

// The layouts of checkpoints.
const (
	Unsharded   Kind = "unsharded"    // allenai/OLMo: model.pt, optim.pt, train.pt, or .safetensors
	TorchLegacy Kind = "torch_legacy" // allenai/OLMo: rank<N>.pt
	TorchNew    Kind = "torch_new"    // allenai/OLMo: model_and_optim/.metadata
	Local       Kind = "local"        // allenai/OLMo: model/rank<N>.pt with flat parameters
	OLMoCore    Kind = "olmo_core"    // allenai/OLMo, saved through OLMo-core
	CoreTrainer Kind = "olmo-core"    // OLMo-core's own trainer
)

// Sharded reports whether the ranks of a run saved files of their own.
func (k Kind) Sharded() bool { return k != Unsharded && k != "" }

const (
	modelOptim = "model_and_optim"
	trainDir   = "train"
	localIndex = "metadata.yaml"
)

var (
	rankFile = regexp.MustCompile(`^rank(0|[1-9]\d{0,8})\.pt$`)
	itemFile = regexp.MustCompile(`^__(0|[1-9]\d{0,8})_\d+\.distcp$`)
	stepName = regexp.MustCompile(`^step(\d{1,18})$`)
)

// Recognize returns the layout of the checkpoint in a folder by the files in it, or ""
// if there is none. model.pt comes before model.safetensors, which the trainer would read
// first: that may be anybody's, and beside a config.json it is a Hugging Face model's.
// A sharded checkpoint of allenai/OLMo whose index was lost is recognized by what is left.
func Recognize(dir string) Kind {
	has := func(name string) bool { return regular.Is(filepath.Join(dir, filepath.FromSlash(name))) }
	switch {
	case has(olmo.ModelFile), has(modelEncoded) && has(olmo.ConfigFile) && !has(olmocore.ConfigFile):
		return Unsharded
	case has(modelOptim + "/" + dcp.MetadataFile):
		if has(olmo.ConfigFile) {
			return TorchNew
		}
		return CoreTrainer
	case has(localIndex) && len(ranks(filepath.Join(dir, "model"), rankFile)) > 0:
		return Local
	case has("model/metadata.json"):
		return OLMoCore
	case has(dcp.MetadataFile):
		if has(olmo.ConfigFile) {
			return OLMoCore
		}
		return CoreTrainer
	case len(ranks(dir, rankFile)) > 0:
		return TorchLegacy
	case has(olmo.ConfigFile):
		return remains(dir)
	}
	return ""
}

// remains returns the layout of a sharded checkpoint without its index, by the files of the ranks.
func remains(dir string) Kind {
	has := func(folder string, pattern *regexp.Regexp) bool {
		return len(ranks(filepath.Join(dir, folder), pattern)) > 0
	}
	switch {
	case has("", itemFile) && !has(modelOptim, itemFile), hasShards(dir):
		return OLMoCore
	case has("model", rankFile), has("optim", rankFile), regular.Is(filepath.Join(dir, localIndex)):
		return Local
	case has(modelOptim, itemFile), has(trainDir, rankFile):
		return TorchNew
	}
	return ""
}

// hasShards reports whether ai2-olmo-core 0.1.0 saved a checkpoint.
func hasShards(dir string) bool {
	model, optim := filepath.Join(dir, "model"), filepath.Join(dir, "optim")
	return len(ranks(model, shardFile)) > 0 || len(ranks(optim, shardFile)) > 0 ||
		regular.Is(filepath.Join(model, shardIndex))
}

// ranks returns the paths of the files in a folder whose names match, by the number in them.
func ranks(dir string, pattern *regexp.Regexp) map[int]string {
	entries, _ := os.ReadDir(dir) // a folder that cannot be listed has none
	found := map[int]string{}
	for _, e := range entries {
		if m := pattern.FindStringSubmatch(e.Name()); m != nil {
			n, _ := strconv.Atoi(m[1])
			found[n] = filepath.Join(dir, e.Name())
		}
	}
	return found
}

// stepOf returns the step that a folder's name says, -1 if it says none.
func stepOf(dir string) int64 {
	m := stepName.FindStringSubmatch(filepath.Base(dir))
	if m == nil {
		return -1
	}
	n, _ := strconv.ParseInt(m[1], 10, 64)
	return n
}

// index returns the folder with the index of a distributed checkpoint.
func index(dir string, kind Kind) string {
	if at, ok := olmocore.Index(dir); ok {
		return at
	}
	if kind == TorchNew {
		return filepath.Join(dir, modelOptim)
	}
	return dir
}

// NotFound is the fault of a path at which Find finds nothing.
func NotFound(path string) *fault.Fault {
	if path == "" {
		return &fault.Fault{Problem: "the name of the checkpoint is empty"}
	}
	if _, err := os.Stat(path); disk.Absent(err) {
		return &fault.Fault{File: path, Problem: "does not exist"}
	}
	return &fault.Fault{File: path, Problem: "is not a checkpoint of either trainer"}
}
