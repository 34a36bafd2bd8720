// Package olmo is the native side: the files of a checkpoint that AI2's OLMo
// trainer resumes from, and the folder that contains them.
//
// Source: olmo/config.py, olmo/checkpoint.py (FullCheckpointer) and scripts/train.py
// of allenai/OLMo, main and ai2-olmo 0.6.0.
package olmo

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/folder"
	"hf2olmo/convert/omegaconf"
	"hf2olmo/convert/tokenizers"
	"hf2olmo/keymap"
)

// Suffix is what a folder's name must end in for the trainer to take it for an
// unsharded checkpoint. It looks at nothing else.
const Suffix = "-unsharded"

// TruncateDirection is the end of a text at which the tokenizer cuts it.
const TruncateDirection = "right"

// The files of an unsharded checkpoint.
const (
	ModelFile     = "model.pt"
	TrainFile     = "train.pt"
	ConfigFile    = "config.yaml"
	TokenizerFile = tokenizers.FileName
)

// Training is what a config.yaml is made of.
type Training struct {
	Folder    string           // the checkpoint's absolute path, which becomes load_path
	Source    string           // the model that it was made from, for the comment on top
	Model     []keymap.Setting // all fields of `model:`, in order
	Tokenizer string           // a file, a name bundled with OLMo, or a hub id
	Tokens    int64            // ids of tokens that may occur in data, from 0; 0 if only vocab_size is known
	Run       map[string]any   // what a run goes on with, as keymap's olmo.yaml reads it; nil for a new one
}

// Config returns the text of config.yaml: a complete training config, so that
// Command starts training without edits. The error is a *fault.Fault if a name is one that no
// config can contain.
func Config(t Training) ([]byte, error) {
	name := RunName(t.Folder)
	if own, ok := t.Run["name"].(string); ok { // the folder is called after the step
		name = own
	}
	if _, err := omegaconf.Text(name); err != nil {
		return nil, &fault.Fault{File: t.Folder, Problem: "the run's name " + err.Error(), Hint: "Choose another --output."}
	}
	if _, err := omegaconf.Text(t.Tokenizer); err != nil {
		return nil, &fault.Fault{File: t.Tokenizer, Problem: "the tokenizer's name " + err.Error(),
			Hint: "Name another with --tokenizer ID."}
	}
	target, err := keymap.TargetNamed("olmo")
	if err != nil {
		return nil, err
	}
	values := map[string]any{
		"run_name":  name,
		"tokenizer": t.Tokenizer,
		"tokens":    int(t.Tokens),
		"folder":    t.Folder,
		"source":    strings.Map(printable, t.Source),
		"command":   strings.Map(printable, Command(t.Folder)),
		"run":       nil,
	}
	if t.Run != nil {
		values["run"] = t.Run
	}
	document, err := target.Document(t.Model, values)
	if err != nil {
		return nil, err
	}
	comments := target.Comments(values)
	if t.Run != nil {
		comments["run_name"] = fmt.Sprintf(continues, values["source"], values["command"])
	}
	return writeYAML(document, comments)
}

// continues is the comment on top of a config.yaml that continues a run: of which checkpoint, and how.
const continues = `The run of the checkpoint %s, written by hf2olmo: a complete training config.
Continue the training with

  %s

and any other field as --field=value. The trainer goes on from load_path, at its step.`

// RunName is the folder's name without its suffix.
func RunName(folder string) string {
	return strings.TrimSuffix(filepath.Base(folder), Suffix)
}

// Command is the shell command that starts training from the folder. The two
// dots are for the user's data and the folder of the run.
func Command(path string) string {
	return "torchrun --nproc_per_node=8 scripts/train.py " +
		folder.ShellQuote(filepath.Join(path, ConfigFile)) + " --data.paths='[...]' --save_folder=..."
}

// printable keeps a comment a comment, whatever a path contains.
func printable(r rune) rune {
	if strconv.IsPrint(r) {
		return r
	}
	return '?'
}
