// Package trainer is what convert and verify ask of a trainer: where its checkpoints go, which
// files they consist of, and how those compare with files that are there. Packages olmo and
// olmocore answer, and package targets knows them by name. Values go in and values come out;
// nothing of the caller is changed.
package trainer

import (
	"hf2olmo/convert/assemble"
	"hf2olmo/convert/folder"
	"hf2olmo/convert/output"
	"hf2olmo/convert/tokenizers"
	"hf2olmo/keymap"
)

// A Trainer is one trainer's side of a conversion.
type Trainer interface {
	// FolderPath returns the absolute path of the checkpoint folder of a model that is called
	// so: output if that was chosen, else a folder in into ("" for the working directory).
	FolderPath(output, into, model string) (string, error)
	// EarlierPath returns where versions before this one wrote a model's checkpoint by default; "" for no other place.
	EarlierPath(model string) string
	// Tokenizer says how the trainer uses a model's tokenizer.
	Tokenizer(t TokenizerSource) Tokenizer
	// TokenizerPath returns what the config calls a tokenizer.json that is there: an absolute path.
	TokenizerPath(file string) (string, error)
	// Bundles reports whether a tokenizer of this name comes with the trainer.
	Bundles(tokenizer string) bool
	// Rows returns the number of rows of the embedding by the fields of the model's config, 0
	// if they do not say.
	Rows(config map[string]any) int

	// Files lays out the checkpoint: every file, and where every byte of the tensors will be.
	Files(in *Inputs) (*Files, error)
	// ReadBack opens what was written into the folder dir, and compares it with the files.
	ReadBack(in *Inputs, files *Files, dir string) error
	// Damage says how an existing folder differs from the files, as far as its manifest cannot
	// show that, and warns of what is odd about it.
	Damage(in *Inputs, files *Files, existing *folder.Manifest) (damage, warnings []string)
	// Compare compares what is beside the tensors of a checkpoint with the files.
	Compare(in *Inputs, files *Files, found *Found) (*Comparison, error)

	// Command returns the shell command that starts training from the folder.
	Command(folder string) string
	// Advice is how the folder is used from a script, one entry per line; nil if the command is all.
	Advice(folder string) []string
}

// TokenizerSource is what may give a checkpoint its tokenizer.
type TokenizerSource struct {
	Chosen string // with --tokenizer, "" for none
	Own    bool   // the model has a tokenizer.json
	Output string // the absolute path of the checkpoint
}

// A Tokenizer is how a trainer uses a tokenizer.
type Tokenizer struct {
	Name    string // what the config calls it; "" for none
	Config  string // the file that names it
	Missing string // what that file does if there is none, a verb with its object
	Strict  bool   // the trainer stops if the number of tokens is another
}

// Inputs are what a checkpoint is made of.
type Inputs struct {
	Layout   int               // folder.UnalignedLayout for the files of an earlier version
	Folder   string            // the checkpoint's absolute path
	Model    string            // what the model is called
	Source   string            // the model as the user named it
	Config   []keymap.Setting  // of the native model, in order
	Document keymap.Object     // the target's config file, if keymap declares one
	Tensors  []assemble.Tensor // in the order in which they are written

	Tokenizer string // what the config calls it; "" for none
	Tokens    int64  // ids of tokens that may occur in data, from 0; 0 if only the config says
	// Beside are the model's own files that go along with the checkpoint.
	Beside []tokenizers.File

	Training *Training // what a run goes on with; nil for a model that is to be trained
}

// Files are those of a checkpoint.
type Files struct {
	Large []assemble.File // with the tensors
	Small []output.Small  // the others, in the order in which they are written
}
