package convert

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/output"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

// olmoTrainer is the side of allenai/OLMo: one model.pt, and a complete training config.
type olmoTrainer struct{}

func (olmoTrainer) outputPath(o Options, model string) (string, error) {
	name := o.Output
	if name == "" {
		name = filepath.Join(o.Into, model)
	}
	return olmo.FolderPath(name)
}

func (olmoTrainer) command(folder string) string { return olmo.Command(folder) }

func (olmoTrainer) advice(string) []string { return nil }

// missingTokenizer is OLMo's own default. Its vocabulary will hardly fit, and the
// trainer says so: the warning told the user to name another.
const missingTokenizer = "gpt2"

func (olmoTrainer) tokenizers(c *Conversion) tokenizerUse {
	use := tokenizerUse{config: olmo.ConfigFile, missing: fmt.Sprintf("names %q as tokenizer", missingTokenizer), strict: true}
	switch {
	case c.options.Tokenizer != "":
		use.identity = c.options.Tokenizer
	case c.Model.Tokenizer != nil:
		use.identity = filepath.Join(c.Output, olmo.TokenizerFile)
	default:
		use.identity = missingTokenizer
	}
	return use
}

// tokenizerPath: the trainer reads a file, of any name.
func (olmoTrainer) tokenizerPath(file string) (string, error) { return filepath.Abs(file) }

func (olmoTrainer) rows(config map[string]any) int {
	if rows, ok := config["embedding_size"].(int); ok {
		return rows
	}
	rows, _ := config["vocab_size"].(int)
	return rows
}

func (olmoTrainer) bundles(tokenizer string) bool { return olmo.Tokenizers().Bundled[tokenizer] > 0 }

func (n olmoTrainer) layOut(c *Conversion) error {
	layout, err := torchfile.Plan("model", c.stateDict())
	if err != nil {
		return err
	}
	model := assemble.File{Name: olmo.ModelFile, Size: layout.Size, Frame: layout.Frame}
	for i := range c.Tensors {
		model.Runs = append(model.Runs, assemble.Run{Tensor: i, Place: layout.Storages[i]})
	}
	c.large = []assemble.File{model}
	return n.smallFiles(c)
}

// stateDict is the state dict without its data, which the layout has room for.
func (c *Conversion) stateDict() torchfile.Dict {
	var dict torchfile.Dict
	for _, t := range c.Tensors {
		dict = append(dict, torchfile.Item{Key: t.Name, Value: torchfile.Tensor{DType: t.Content.DType, Shape: t.Shape}})
	}
	return dict
}

// smallFiles makes the files beside model.pt.
func (n olmoTrainer) smallFiles(c *Conversion) error {
	tokens := int64(0)
	if c.tokenizer != nil {
		tokens = c.tokenizer.Span()
	}
	config, err := olmo.Config(olmo.Training{
		Folder: c.Output, Source: c.Model.Source, Model: c.Config, Tokenizer: n.tokenizers(c).identity, Tokens: tokens,
	})
	if err != nil {
		return err
	}
	train, err := torchfile.Plan("train", olmo.TrainState())
	if err != nil {
		return err
	}
	c.small = []output.Small{{Name: olmo.ConfigFile, Data: config}, {Name: olmo.TrainFile, Data: wholeFile(train)}}
	if c.Model.Tokenizer == nil {
		return nil
	}
	tokenizer, err := regular.Read(c.Model.Tokenizer.Path, c.Model.Tokenizer.Size)
	if err != nil {
		return &fault.Fault{File: olmo.TokenizerFile, Problem: "cannot be read: " + fault.Cause(err)}
	}
	c.small = append(c.small, output.Small{Name: olmo.TokenizerFile, Data: tokenizer})
	return nil
}

// wholeFile returns a whole file that has no storages.
func wholeFile(l *torchfile.Layout) []byte {
	data := make([]byte, l.Size)
	for _, piece := range l.Frame(nil) {
		copy(data[piece.Offset:], piece.Data)
	}
	return data
}

// readBack opens model.pt as any reader would.
func (olmoTrainer) readBack(c *Conversion, folder string) error {
	path := filepath.Join(folder, olmo.ModelFile)
	out, info, err := regular.Open(path)
	if err != nil {
		return &fault.Fault{File: path, Problem: "cannot be opened: " + fault.Cause(err)}
	}
	defer out.Close()
	written, err := torchfile.Open(out, &tensor.File{Path: path, Name: olmo.ModelFile, Size: info.Size(), ModTime: info.ModTime()})
	if err != nil {
		return fmt.Errorf("the file just written cannot be read back: %w", err)
	}
	byName := map[string]*tensor.Tensor{}
	for i := range written {
		byName[written[i].Name] = &written[i]
	}
	for i, t := range c.Tensors {
		w := byName[t.Name]
		if w == nil || w.DType != t.Content.DType || !slices.Equal(w.Shape, t.Shape) || w.Offset != c.large[0].Runs[i].Place.Offset {
			return &fault.Fault{File: path, Tensor: t.Name, Problem: "was not read back as it was written"}
		}
	}
	if len(written) != len(c.Tensors) {
		return &fault.Fault{File: path, Problem: "holds another number of tensors than were written"}
	}
	return nil
}

func (olmoTrainer) damage(c *Conversion) []string {
	var damage []string
	entries, _ := os.ReadDir(c.Output) // a folder that cannot be listed shows below
	for _, e := range entries {
		if olmo.Shadows(e.Name()) {
			damage = append(damage, e.Name()+" stands there, which the trainer would read in place of "+olmo.ModelFile)
		}
	}
	written, err := olmo.ReadConfig(c.Output)
	if err != nil {
		return append(damage, err.Error())
	}
	for _, d := range c.modelDifferences(written) {
		damage = append(damage, fmt.Sprintf("%s: %s should be %s and is %s", d.File, d.Field, d.Expected, d.Found))
	}
	if len(damage) == 0 && written.LoadPath != c.Output && written.LoadPath == c.out.Existing.Output {
		c.warn("%s was moved here from %s: load_path and tokenizer in its %s still name that place, and training would look there; edit them, or convert again with --force",
			c.Output, c.out.Existing.Output, olmo.ConfigFile)
	}
	return damage
}
