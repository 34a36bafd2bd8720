package convert

import (
	"fmt"

	"hf2olmo/convert/folder"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/olmocore"
	"hf2olmo/keymap"
)

// trainer is one trainer's side of a conversion: what its checkpoints consist of.
type trainer interface {
	// outputPath is the absolute path of the checkpoint folder.
	outputPath(o Options, model string) (string, error)
	// tokenizers says how the trainer uses a tokenizer.
	tokenizers(c *Conversion) tokenizerUse
	// tokenizerPath is what the config calls a tokenizer.json that is there: an absolute path.
	tokenizerPath(file string) (string, error)
	// rows are those of the embedding, by the fields of the native config.
	rows(config map[string]any) int
	// bundles reports whether a tokenizer of this name comes with the trainer.
	bundles(tokenizer string) bool
	// layOut fills c.large and c.small.
	layOut(c *Conversion) error
	// readBack opens what was written into folder, and compares it with the plan.
	readBack(c *Conversion, folder string) error
	// damage says in words how an output that is there differs from what would be written,
	// beside what its manifest tells; and warns of what is odd about it.
	damage(c *Conversion) []string
	// command is the shell command that starts training from the folder.
	command(folder string) string
	// advice is how the folder is used from a script, a line each; nil where the command is all.
	advice(folder string) []string
}

// trainers are the trainers' sides, by the names that package keymap gives them.
var trainers = map[string]trainer{"olmo": olmoTrainer{}, "olmo-core": coreTrainer{}}

func trainerNamed(target string) (trainer, error) {
	if t := trainers[target]; t != nil {
		return t, nil
	}
	return nil, fmt.Errorf("no target is called %q", target)
}

// names are the files of conversions for all trainers: --force replaces one by another.
var names = folder.Names{
	Ours:     func(name string) bool { return olmo.Ours(name) || olmocore.Ours(name) },
	Folders:  []string{olmocore.ModelFolder},
	Configs:  []string{olmo.ConfigFile, olmocore.ConfigFile},
	Unlisted: map[string]string{"olmo": olmo.ConfigFile},
}

// tokenizerUse is how a trainer uses a tokenizer.
type tokenizerUse struct {
	config   string // the file that names it
	missing  string // what that says where there is none
	strict   bool   // whether the trainer stops where the number of tokens is another
	identity string // what it is called in the file
}

// settings are the fields of the native model's config, by name.
func settings(config []keymap.Setting) map[string]any {
	values := map[string]any{}
	for _, s := range config {
		values[s.Name] = s.Value
	}
	return values
}
