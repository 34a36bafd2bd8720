package convert

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

// olmoNative is the side of allenai/OLMo: one model.pt, and a complete training config.
type olmoNative struct{}

func (olmoNative) outputPath(o Options, model string) (string, error) {
	name := o.Output
	if name == "" {
		name = filepath.Join(o.Into, model)
	}
	return olmo.FolderPath(name)
}

func (olmoNative) vacant(path string, force bool) error { return olmo.Vacant(path, force) }

func (olmoNative) command(folder string) string { return olmo.Command(folder) }

func (olmoNative) advice(string) []string { return nil }

// missingTokenizer is OLMo's own default. Its vocabulary will hardly fit, and the
// trainer says so: the warning told the user to name another.
const missingTokenizer = "gpt2"

func (olmoNative) tokenizers(c *Conversion) tokenizerUse {
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

func (n olmoNative) layOut(c *Conversion) error {
	var dict torchfile.Dict
	for _, t := range c.Tensors {
		dict = append(dict, torchfile.Item{Key: t.Name, Value: torchfile.Tensor{DType: t.Content.DType, Shape: t.Shape}})
	}
	layout, err := torchfile.Plan("model", dict)
	if err != nil {
		return err
	}
	model := file{name: olmo.ModelFile, size: layout.Size, frame: layout.Frame}
	for i := range c.Tensors {
		model.runs = append(model.runs, run{tensor: i, place: layout.Storages[i]})
	}
	c.large = []file{model}
	return n.smallFiles(c)
}

// smallFiles makes the files beside model.pt.
func (n olmoNative) smallFiles(c *Conversion) error {
	config, err := olmo.Config(olmo.Training{
		Folder: c.Output, Source: c.Model.Source, Model: c.Config, Tokenizer: n.tokenizers(c).identity,
	})
	if err != nil {
		return err
	}
	train, err := torchfile.Plan("train", olmo.TrainState())
	if err != nil {
		return err
	}
	c.small = []smallFile{{olmo.ConfigFile, config}, {olmo.TrainFile, assemble(train)}}
	if c.Model.Tokenizer == nil {
		return nil
	}
	tokenizer, err := os.ReadFile(c.Model.Tokenizer.Path)
	if err != nil {
		return &fault.Fault{File: olmo.TokenizerFile, Problem: "cannot be read: " + fault.Cause(err)}
	}
	c.small = append(c.small, smallFile{olmo.TokenizerFile, tokenizer})
	return nil
}

// assemble returns a whole file that has no storages.
func assemble(l *torchfile.Layout) []byte {
	data := make([]byte, l.Size)
	for _, piece := range l.Frame(nil) {
		copy(data[piece.Offset:], piece.Data)
	}
	return data
}

// readBack opens model.pt as any reader would.
func (olmoNative) readBack(c *Conversion, folder string) error {
	path := filepath.Join(folder, olmo.ModelFile)
	out, err := os.Open(path)
	if err != nil {
		return err
	}
	defer out.Close()
	info, err := out.Stat()
	if err != nil {
		return err
	}
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
		if w == nil || w.DType != t.Content.DType || !slices.Equal(w.Shape, t.Shape) || w.Offset != c.large[0].runs[i].place.Offset {
			return &fault.Fault{File: path, Tensor: t.Name, Problem: "was not read back as it was written"}
		}
	}
	if len(written) != len(c.Tensors) {
		return &fault.Fault{File: path, Problem: "holds another number of tensors than were written"}
	}
	return nil
}
