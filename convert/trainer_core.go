package convert

import (
	"bytes"
	"path"
	"path/filepath"
	"reflect"
	"strings"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/dcp"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/olmocore"
	"hf2olmo/convert/output"
	"hf2olmo/convert/regular"
)

// coreTrainer is the side of OLMo-core: a distributed checkpoint, and the model's config.
type coreTrainer struct{}

func (coreTrainer) outputPath(o Options, model string) (string, error) {
	return olmocore.FolderPath(o.Output, o.Into, model)
}

func (coreTrainer) command(folder string) string { return olmocore.Command(folder) }

func (coreTrainer) advice(folder string) []string { return olmocore.Advice(folder) }

// tokenizers: whatever reads the config takes an id of the hub or a folder with a
// tokenizer in it, as the model's own is.
func (coreTrainer) tokenizers(c *Conversion) tokenizerUse {
	use := tokenizerUse{config: olmocore.ConfigFile, missing: "names no tokenizer", identity: c.options.Tokenizer}
	switch absolute, err := filepath.Abs(c.Model.Dir); {
	case use.identity != "" || c.Model.Tokenizer == nil:
	case c.Model.Repo != "":
		use.identity = c.Model.Repo
	case err == nil:
		use.identity = absolute
	}
	return use
}

// tokenizerPath: transformers, which reads it for OLMo-core, takes a folder with a
// tokenizer.json in it, and a file for an id of the hub.
func (coreTrainer) tokenizerPath(file string) (string, error) {
	if filepath.Base(file) != hf.TokenizerFile {
		return "", &fault.Fault{File: "--tokenizer " + file, Problem: "is not called tokenizer.json: OLMo-core reads a tokenizer from its folder",
			Hint: "Put it into a folder of its own as tokenizer.json, and give the folder."}
	}
	return filepath.Abs(filepath.Dir(file))
}

func (coreTrainer) rows(config map[string]any) int {
	rows, _ := config["vocab_size"].(int)
	return rows
}

func (coreTrainer) bundles(string) bool { return false }

func (n coreTrainer) layOut(c *Conversion) error {
	plan, err := dcp.NewPlan(n.entries(c))
	if err != nil {
		return err
	}
	c.large = nil
	for _, f := range plan.Files {
		large := assemble.File{Name: path.Join(olmocore.ModelFolder, f.Name), Size: f.Size, Frame: f.Frame}
		for _, item := range f.Items {
			large.Runs = append(large.Runs, assemble.Run{Tensor: item.Entry, From: item.From, Place: item.Data})
		}
		c.large = append(c.large, large)
	}
	config, err := olmocore.Config(c.document)
	if err != nil {
		return err
	}
	indexes, err := indexFiles(&plan.Metadata, c.checkpointID())
	c.small = append([]output.Small{{Name: olmocore.ConfigFile, Data: config}}, indexes...)
	return err
}

// indexFiles are the two indexes of a checkpoint that is called id.
func indexFiles(m *dcp.Metadata, id string) ([]output.Small, error) {
	inner, err := m.Marshal(id, "")
	if err != nil {
		return nil, err
	}
	outer, err := m.Marshal(id, olmocore.ModelFolder+"/")
	return []output.Small{
		{Name: path.Join(olmocore.ModelFolder, dcp.MetadataFile), Data: inner},
		{Name: dcp.MetadataFile, Data: outer},
	}, err
}

// checkpointID is what .metadata calls the checkpoint: the model's name, as text.
func (c *Conversion) checkpointID() string { return string([]rune(c.Model.Name)) }

func (coreTrainer) entries(c *Conversion) []dcp.Entry {
	var entries []dcp.Entry
	number := map[string]int{}
	for i, t := range c.Tensors {
		number[t.Name] = i
		e := dcp.Entry{Path: []string{olmocore.ModelPrefix, t.Name}, DType: t.Content.DType, Shape: t.Shape, Same: -1}
		if t.Same != "" {
			e.Same = number[t.Same]
		}
		entries = append(entries, e)
	}
	return entries
}

// readBack opens the checkpoint by both of its indexes, and the header of every item.
func (n coreTrainer) readBack(c *Conversion, folder string) error {
	want, err := dcp.NewPlan(n.entries(c))
	if err != nil {
		return err
	}
	for _, dir := range []string{folder, filepath.Join(folder, olmocore.ModelFolder)} {
		written, err := dcp.Open(dir)
		if err != nil {
			return err
		}
		for i := range written.Tensors {
			chunks := written.Tensors[i].Chunks
			for k := range chunks {
				chunks[k].File = strings.TrimPrefix(chunks[k].File, olmocore.ModelFolder+"/")
			}
		}
		want.Metadata.ID = c.checkpointID()
		if !reflect.DeepEqual(written.Metadata, want.Metadata) {
			return &fault.Fault{File: filepath.Join(dir, dcp.MetadataFile), Problem: "was not read back as it was written"}
		}
	}
	return nil
}

func (coreTrainer) damage(c *Conversion) []string {
	var damage []string
	for _, f := range c.small {
		found, err := regular.Read(filepath.Join(c.Output, filepath.FromSlash(f.Name)), output.MaxSmall)
		switch {
		case err != nil && f.Name == olmocore.ConfigFile: // the others, Damage sees
			damage = append(damage, f.Name+" cannot be read: "+fault.Cause(err))
		case err == nil && !bytes.Equal(found, f.Data):
			damage = append(damage, f.Name+" has other contents")
		}
	}
	return damage
}
