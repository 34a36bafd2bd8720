package olmocore

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"hf2olmo/convert/dcp"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/jsonfile"
	"hf2olmo/convert/omegaconf"
	"hf2olmo/convert/output"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/tokenizers"
	"hf2olmo/convert/trainer"
)

// Compare compares the config and what goes along with the model; and the indexes, if a conversion
// wrote them: a trainer cuts tensors in another way.
func (Side) Compare(in *trainer.Inputs, files *trainer.Files, found *trainer.Found) (*trainer.Comparison, error) {
	c := &comparison{found: found}
	c.Trained = !found.Structural && found.Differing > 0 && found.Optimizer
	if found.Structural {
		return &c.Comparison, nil // the files to compare with cannot be made
	}
	small := files.Small
	if found.Manifest == nil {
		if err := c.compareIndexes(); err != nil {
			return nil, err
		}
	} else {
		var err error
		if small, err = c.renamed(in, small); err != nil {
			return nil, err
		}
	}
	var beside []output.Small
	for _, f := range small {
		switch {
		case f.Name == TrainFile: // no tensor depends on it
		case slices.Contains(tokenizers.Beside, f.Name):
			beside = append(beside, f)
		case f.Name == ConfigFile || found.Manifest != nil:
			c.compareFile(f)
		}
	}
	c.CompareBeside(found, beside, "")
	return &c.Comparison, nil
}

type comparison struct {
	found *trainer.Found
	trainer.Comparison
	identifier string // of the tokenizer, if it differs
}

func (c *comparison) inFolder(name string) string {
	return filepath.Join(c.found.Folder, filepath.FromSlash(name))
}

// index reads the index that the checkpoint's own folder has, or else its model's.
func (c *comparison) index() (*dcp.Metadata, error) {
	at, _ := Index(c.found.Folder)
	return dcp.OpenIndex(at)
}

// renamed returns the files with indexes that have the name that the model had when it was
// converted: it may be in another folder now.
func (c *comparison) renamed(in *trainer.Inputs, files []output.Small) ([]output.Small, error) {
	index, err := c.index()
	if err != nil || index.ID == checkpointID(in) {
		return files, err
	}
	plan, err := newPlan(in)
	if err != nil {
		return nil, err
	}
	indexes, err := indexFiles(in, &plan.Metadata, index.ID)
	files = slices.Clone(files)
	for _, renamed := range indexes {
		for i := range files {
			if files[i].Name == renamed.Name {
				files[i] = renamed
			}
		}
	}
	return files, err
}

// compareIndexes compares the two indexes of a checkpoint: the trainer reads the inner one,
// and whatever is given the checkpoint's own folder the outer.
func (c *comparison) compareIndexes() error {
	inner := c.inFolder(ModelFolder)
	if !regular.Is(c.inFolder(dcp.MetadataFile)) || !regular.Is(filepath.Join(inner, dcp.MetadataFile)) {
		return nil // there is one alone
	}
	outer, err := c.index()
	if err != nil {
		return err
	}
	other, err := dcp.OpenIndex(inner)
	name := path.Join(ModelFolder, dcp.MetadataFile)
	if err != nil {
		c.File(name, "an index", err.Error())
		return nil
	}
	if relative(outer); !reflect.DeepEqual(outer, other) {
		c.File(name, "what "+dcp.MetadataFile+" lists", "different tensors or places")
	}
	return nil
}

// compareFile compares one file with what convert would write.
func (c *comparison) compareFile(f output.Small) {
	const expected = "as convert writes it"
	path := c.inFolder(f.Name)
	var found []byte
	var err error
	same := false
	if f.Name == ConfigFile {
		found, err = regular.Read(path, MaxConfig)
	} else {
		same, err = f.SameAs(path)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		c.File(f.Name, expected, trainer.Missing)
	case err != nil:
		c.File(f.Name, expected, "what cannot be read: "+fault.Cause(err))
	case f.Name == ConfigFile:
		c.compareConfig(f.Data, found)
	case !same:
		c.File(f.Name, expected, "different contents")
	}
}

// compareConfig compares a config.json with what convert would write. Another tokenizer's
// identifier is the same model, and so is what was added at the top: both are warnings.
func (c *comparison) compareConfig(want, found []byte) {
	expected, err := jsonfile.ReadObject(bytes.NewReader(want), jsonfile.ConfigLimits)
	if err != nil {
		c.File(ConfigFile, "a config", err.Error()) // cannot be: convert wrote it
		return
	}
	written, err := jsonfile.ReadObject(bytes.NewReader(found), jsonfile.ConfigLimits)
	if err != nil {
		c.File(ConfigFile, "a config", "not an object of JSON: "+err.Error())
		return
	}
	plain(expected, written)
	var stray []string
	for _, name := range slices.Sorted(maps.Keys(written)) {
		if _, known := expected[name]; !known {
			stray = append(stray, name)
			delete(written, name)
		}
	}
	c.WarnStray(ConfigFile, stray, "which convert does not write")
	c.compareObjects("", expected, written)
}

// compareObjects compares the members of an object, whose own path ends in a dot.
func (c *comparison) compareObjects(path string, expected, found map[string]any) {
	names := maps.Clone(expected)
	maps.Copy(names, found)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		a, inA := expected[name]
		b, inB := found[name]
		objectA, isObject := a.(map[string]any)
		objectB, isObject2 := b.(map[string]any)
		switch {
		case isObject && isObject2:
			c.compareObjects(path+name+".", objectA, objectB)
		case inA == inB && reflect.DeepEqual(a, b):
		case path+name == IdentifierField:
			c.compareIdentifier(inWords(a, inA), inWords(b, inB))
		default:
			c.Field(ConfigFile, path+name, inWords(a, inA), inWords(b, inB))
		}
	}
}

// compareIdentifier warns of a tokenizer that is called differently.
func (c *comparison) compareIdentifier(expected, found string) {
	c.identifier = found
	if m := c.found.Manifest; m != nil && found == m.Output && expected == c.found.Folder {
		c.Warnings = append(c.Warnings, moved(c.found.Folder, m))
		return
	}
	c.Warn("%s: %s is %s; convert would write %s for this model", ConfigFile, IdentifierField, found, expected)
}

// inWords is a value of JSON in one line.
func inWords(value any, there bool) string {
	if !there {
		return trainer.Missing
	}
	switch v := value.(type) {
	case string:
		return v
	case float64:
		return omegaconf.Float(v) // 48.0 is not 48 to Python
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return fmt.Sprint(value)
	}
	return strings.TrimSpace(b.String())
}
