// Package olmocore is OLMo-core's side: the files of a checkpoint from which its
// trainer starts, and the folder that contains them.
//
//	config.json                     the model's config, and the tokenizer's
//	train.py                        a script that trains from the checkpoint
//	.metadata                       the index of the tensors, as the trainer looks for it first
//	model_and_optim/.metadata       the same, as its loaders of models look for it
//	model_and_optim/__0_<i>.distcp  the tensors
//	tokenizer.json, …               what goes along with the model: see tokenizers.Beside
//
// One that continues a run has no .metadata of its own, but
//
//	train/rank0.pt                  the trainer's state: the step, and where the data goes on
//	.metadata.json                  by which the trainer knows a checkpoint of a run
//
// Source: olmo_core/train/checkpoint.py (Checkpointer), olmo_core/config.py and
// olmo_core/distributed/checkpoint of ai2-olmo-core 3.0.0.
package olmocore

import (
	_ "embed"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"hf2olmo/convert/dcp"
	"hf2olmo/convert/folder"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/tokenizers"
)

// The parts of a checkpoint.
const (
	ConfigFile  = "config.json"
	TrainFile   = "train.py"
	ModelFolder = "model_and_optim"
	// Step is what the folder is called by default: the trainer looks for
	// checkpoints with such names if load_path is the folder above.
	Step = "step0"
)

// The versions of ai2-olmo-core that can use what is written.
const (
	FirstVersion = "2.2.0"
	LastVersion  = "3.0.0"
)

// IdentifierField is where ConfigFile names the tokenizer. The trainer's own scripts look there;
// no weights depend on it.
const IdentifierField = "dataset.tokenizer.identifier"

// ModelPrefix begins the names of the model's tensors in a checkpoint, as others begin the
// optimizer's.
const ModelPrefix = "model"

// Ours reports whether conversions write a file of this name, with slashes.
func Ours(name string) bool {
	switch name {
	case ConfigFile, TrainFile, dcp.MetadataFile, path.Join(ModelFolder, dcp.MetadataFile), StateFile, MarkerFile:
		return true
	}
	file, ok := strings.CutPrefix(name, ModelFolder+"/")
	return ok && dcp.IsFile(file) || slices.Contains(tokenizers.Beside, name)
}

// trainScript is train.py, which every checkpoint contains: OLMo-core has no script that builds a model from a
// config.json.
//
//go:embed train.py
var trainScript []byte

// Command is the shell command that starts training from the folder with its script, if the
// token file is called so; "" for the folder of a version that wrote no script.
func Command(path string) string {
	if _, tensors := Index(path); tensors && !regular.Is(filepath.Join(path, TrainFile)) {
		return ""
	}
	return "torchrun --nproc_per_node=8 " + folder.ShellQuote(filepath.Join(path, TrainFile)) +
		" --save-folder runs/first-core tokens.npy"
}

// Advice is how the folder is used in a script of one's own, one entry per line.
func Advice(path string) []string {
	quoted := strconv.Quote(path)
	return []string{
		"TrainerConfig(load_path=" + quoted + ", ...)",
		"config = json.load(open(" + strconv.Quote(filepath.Join(path, ConfigFile)) + "))",
		`model = TransformerConfig.from_dict(config["model"]).build()`,
	}
}

// Index returns the folder with the index of the tensors of a checkpoint: the checkpoint
// itself, or its part with the tensors.
func Index(path string) (string, bool) {
	for _, dir := range []string{path, filepath.Join(path, ModelFolder)} {
		if info, err := os.Stat(filepath.Join(dir, dcp.MetadataFile)); err == nil && info.Mode().IsRegular() {
			return dir, true
		}
	}
	return "", false
}

// MaxConfig bounds what is read of a config.json, in bytes. Real ones have a few thousand.
const MaxConfig = 1 << 20
