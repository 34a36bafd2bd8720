// Package olmo is the native side: the files of a checkpoint that AI2's OLMo
// trainer resumes from, and the folder that contains them.
//
// Source: olmo/config.py, olmo/checkpoint.py (FullCheckpointer) and scripts/train.py
// of allenai/OLMo, main and ai2-olmo 0.6.0.
package olmo

import (
	"bytes"
	_ "embed"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/folder"
	"hf2olmo/convert/omegaconf"
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
	TokenizerFile = "tokenizer.json"
)

// Training is what a config.yaml is made of.
type Training struct {
	Folder    string           // the checkpoint's absolute path, which becomes load_path
	Source    string           // the model that it was made from, for the comment on top
	Model     []keymap.Setting // all fields of `model:`, in order
	Tokenizer string           // a file, a name bundled with OLMo, or a hub id
	Tokens    int64            // ids of tokens that may occur in data, from 0; 0 if only vocab_size is known
}

//go:embed training.yaml
var trainingText string

var trainingTemplate = template.Must(template.New("training.yaml").
	Funcs(template.FuncMap{"yaml": omegaconf.Scalar}).Parse(trainingText))

// Config returns the text of config.yaml: a complete training config, so that
// Command starts training without edits. The error is a *fault.Fault if a name is one that no
// config can contain.
func Config(t Training) ([]byte, error) {
	name := RunName(t.Folder)
	if _, err := omegaconf.Text(name); err != nil {
		return nil, &fault.Fault{File: t.Folder, Problem: "the run's name " + err.Error(), Hint: "Choose another --output."}
	}
	if _, err := omegaconf.Text(t.Tokenizer); err != nil {
		return nil, &fault.Fault{File: t.Tokenizer, Problem: "the tokenizer's name " + err.Error(),
			Hint: "Name another with --tokenizer ID."}
	}
	var text bytes.Buffer
	err := trainingTemplate.Execute(&text, map[string]any{
		"Source":     strings.Map(printable, t.Source),
		"Command":    strings.Map(printable, Command(t.Folder)),
		"Name":       name,
		"Model":      t.Model,
		"Tokenizer":  t.Tokenizer,
		"TokenType":  tokenType(t),
		"LoadPath":   t.Folder,
		"SaveFolder": "runs/" + name,
	})
	return text.Bytes(), err
}

// RunName is the folder's name without its suffix.
func RunName(folder string) string {
	return strings.TrimSuffix(filepath.Base(folder), Suffix)
}

// Command is the shell command that starts training from the folder. The two
// dots are for the user's data and the folder of the run.
func Command(path string) string {
	return "torchrun --nproc_per_node=8 scripts/train.py " +
		folder.ShellQuote(filepath.Join(path, ConfigFile)) + " --data.paths=[...] --save_folder=..."
}

// tokenType is the numpy type of token ids on disk: two bytes have room for 65,536 of them.
func tokenType(t Training) string {
	ids := t.Tokens
	for _, s := range t.Model {
		if n, ok := s.Value.(int); ok && s.Name == "vocab_size" {
			ids = max(ids, int64(n))
		}
	}
	if ids > math.MaxUint16+1 {
		return "uint32"
	}
	return "uint16"
}

// printable keeps a comment a comment, whatever a path contains.
func printable(r rune) rune {
	if strconv.IsPrint(r) {
		return r
	}
	return '?'
}
