package olmocore

import (
	"io"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/dcp"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/folder"
	"hf2olmo/convert/output"
	"hf2olmo/convert/tokenizers"
	"hf2olmo/convert/trainer"
)

// Side is OLMo-core's side of a conversion: a distributed checkpoint, and the model's config.
type Side struct{}

var _ trainer.Trainer = Side{}

// FolderPath returns the path that was chosen, else <into>/<model>/step0, or <model>-olmo-core/step0 in the working
// directory: the model's own folder may be there.
func (Side) FolderPath(chosen, into, model string) (string, error) {
	if into == "" {
		model += "-olmo-core"
	}
	return output.Resolve(chosen, into, filepath.Join(model, Step))
}

// EarlierPath is <model>/step0.
func (Side) EarlierPath(model string) string { return filepath.Join(model, Step) }

// Command returns the command that trains from the folder.
func (Side) Command(folder string) string { return Command(folder) }

// Advice is how a script uses the folder.
func (Side) Advice(folder string) []string { return Advice(folder) }

// Tokenizer is the one that was chosen, or the copy of the model's own in the checkpoint: whatever
// reads the config takes a folder with a tokenizer in it, or an id of the hub.
func (Side) Tokenizer(t trainer.TokenizerSource) trainer.Tokenizer {
	use := trainer.Tokenizer{Config: ConfigFile, Missing: "names no tokenizer", Name: t.Chosen}
	if use.Name == "" && t.Own {
		use.Name = t.Output
	}
	return use
}

// TokenizerPath is the folder's: transformers, which reads it for OLMo-core, takes a folder
// with a tokenizer.json in it, and a file for an id of the hub.
func (Side) TokenizerPath(file string) (string, error) {
	if filepath.Base(file) != tokenizers.FileName {
		return "", &fault.Fault{File: "--tokenizer " + file, Problem: "is not called tokenizer.json: OLMo-core " +
			"reads a tokenizer from its folder",
			Hint: "Put it into a folder of its own as tokenizer.json, and give the folder."}
	}
	return filepath.Abs(filepath.Dir(file))
}

// Rows returns vocab_size.
func (Side) Rows(config map[string]any) int {
	rows, _ := config["vocab_size"].(int)
	return rows
}

// Bundles reports that no tokenizer comes with OLMo-core.
func (Side) Bundles(string) bool { return false }

// Files lays out the .distcp files, config.json, the two indexes, and what goes along with the model.
func (Side) Files(in *trainer.Inputs) (*trainer.Files, error) {
	plan, err := newPlan(in)
	if err != nil {
		return nil, err
	}
	files := &trainer.Files{}
	for _, f := range plan.Files {
		large := assemble.File{Name: path.Join(ModelFolder, f.Name), Size: f.Size, Frame: f.Frame}
		for _, item := range f.Items {
			large.Runs = append(large.Runs, assemble.Run{Tensor: item.Entry, From: item.From, Place: item.Data})
		}
		files.Large = append(files.Large, large)
	}
	config, err := in.Document.JSON()
	if err != nil {
		return nil, err
	}
	others := indexFiles
	if in.Training != nil {
		others = trainedFiles
	}
	more, err := others(in, &plan.Metadata, checkpointID(in))
	if err != nil {
		return nil, err
	}
	train, err := script(in.Training)
	if err != nil {
		return nil, err
	}
	beside, err := besideFiles(in)
	files.Small = slices.Concat([]output.Small{{Name: ConfigFile, Data: config}, {Name: TrainFile, Data: train}}, more,
		beside)
	return files, err
}

// newPlan lays out the tensors, and what the optimizer has besides.
func newPlan(in *trainer.Inputs) (*dcp.Plan, error) {
	values, err := settings(in.Training)
	if err != nil {
		return nil, err
	}
	return dcp.NewPlan(append(entries(in), moments(in)...), values)
}

// entries are the tensors as package dcp lays them out.
func entries(in *trainer.Inputs) []dcp.Entry {
	var list []dcp.Entry
	number := map[string]int{}
	for i := range in.Tensors {
		t := &in.Tensors[i]
		number[t.Name] = i
		e := dcp.Entry{Path: []string{ModelPrefix, t.Name}, DType: t.Content.DType, Shape: t.Shape, Same: -1}
		if in.Layout != folder.UnalignedLayout {
			e.Content = &t.Content
		}
		if t.Same != "" {
			e.Same = number[t.Same]
		}
		list = append(list, e)
	}
	return list
}

// indexFiles are the two indexes of a checkpoint that is called id.
func indexFiles(_ *trainer.Inputs, m *dcp.Metadata, id string) ([]output.Small, error) {
	inner, err := indexFile(m, path.Join(ModelFolder, dcp.MetadataFile), id, "")
	if err != nil {
		return nil, err
	}
	outer, err := indexFile(m, dcp.MetadataFile, id, ModelFolder+"/")
	return []output.Small{inner, outer}, err
}

// indexFile is an index of a checkpoint that is called id. prefix leads from it to the files.
func indexFile(m *dcp.Metadata, name, id, prefix string) (output.Small, error) {
	return output.Made(name, func(to io.Writer) error { return m.Write(to, id, prefix) })
}

// checkpointID is what .metadata calls the checkpoint: the model's name, as text.
func checkpointID(in *trainer.Inputs) string { return string([]rune(in.Model)) }

// ReadBack opens the checkpoint by each of its indexes, and the header of every item.
func (Side) ReadBack(in *trainer.Inputs, _ *trainer.Files, dir string) error {
	indexed := []string{filepath.Join(dir, ModelFolder)}
	if in.Training == nil {
		indexed = append(indexed, dir)
	}
	for _, at := range indexed {
		written, err := dcp.Open(at)
		if err != nil {
			return err
		}
		relative(&written.Metadata)
		want, err := newPlan(in) // only now: reading an index takes much memory for a moment
		if err != nil {
			return err
		}
		want.Metadata.ID = checkpointID(in)
		if !reflect.DeepEqual(written.Metadata, want.Metadata) {
			return &fault.Fault{File: filepath.Join(at, dcp.MetadataFile), Problem: "was not read back as it was written"}
		}
	}
	return nil
}

// relative makes the files of an index relative to the model's folder.
func relative(index *dcp.Metadata) {
	for i := range index.Tensors {
		chunks := index.Tensors[i].Chunks
		for k := range chunks {
			chunks[k].File = strings.TrimPrefix(chunks[k].File, ModelFolder+"/")
		}
	}
}
