package olmo

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hf2olmo/convert/output"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/torchfile"
	"hf2olmo/convert/trainer"
	"hf2olmo/keymap"
)

// Compare compares config.yaml, train.pt and what goes along with the model, and distinguishes a folder that
// the trainer saved from one that was damaged.
func (Side) Compare(in *trainer.Inputs, _ *trainer.Files, found *trainer.Found) (*trainer.Comparison, error) {
	c := &comparison{in: in, found: found}
	for _, name := range shadows(found.Folder) {
		c.File(name, "no such file", "a file that the trainer would read instead of "+ModelFile)
	}
	step, known := GlobalStep(found.Folder)
	_, noOptimizer := os.Stat(filepath.Join(found.Folder, OptimizerFile))
	c.Trained = !found.Structural && found.Differing > 0 && (noOptimizer == nil || known && step > 0)
	c.Step = step
	written, err := ReadConfig(found.Folder)
	if err != nil {
		c.File(ConfigFile, "a config", err.Error())
	} else {
		c.Differences = append(c.Differences, modelDifferences(in.Config, written)...)
		c.comparePaths(written)
		c.warnOfConfig(written)
	}
	c.CompareBeside(found, trainer.CopyBeside(in), TokenizerFile)
	err = c.compareTrainState(step, known, noOptimizer == nil)
	return &c.Comparison, err
}

type comparison struct {
	in    *trainer.Inputs
	found *trainer.Found
	trainer.Comparison
}

// modelDifferences compares the model section of a config.yaml with what conversion would
// write. What a user changes in the other sections is no difference.
func modelDifferences(config []keymap.Setting, written *Written) []trainer.Difference {
	var differences []trainer.Difference
	rest := maps.Clone(written.Model)
	for _, s := range config {
		found, ok := written.Model[s.Name]
		delete(rest, s.Name)
		switch {
		case !ok:
			differences = append(differences, modelField(s.Name, inWords(s.Value), trainer.Missing))
		case !keymap.Equal(s.Value, found):
			differences = append(differences, modelField(s.Name, inWords(s.Value), inWords(found)))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(rest)) {
		differences = append(differences, modelField(name, trainer.Missing, inWords(rest[name])))
	}
	return differences
}

func modelField(name, expected, found string) trainer.Difference {
	return trainer.Difference{File: ConfigFile, Field: "model." + name, Expected: expected, Found: found}
}

// inWords gives null its YAML name.
func inWords(v any) string {
	if v == nil {
		return "null"
	}
	return fmt.Sprint(v)
}

// comparePaths compares what config.yaml names outside of the model: the tokenizer, and the
// folder to start from. A folder that was moved still names its earlier path: that is a
// warning, for it is the same conversion, and so is another load_path.
func (c *comparison) comparePaths(written *Written) {
	folder, earlier := c.found.Folder, c.found.Folder
	if c.found.Manifest != nil {
		earlier = c.found.Manifest.Output
	}
	var moved []string
	expected := c.in.Tokenizer
	switch {
	case written.Tokenizer == expected:
	case expected == filepath.Join(folder, TokenizerFile) &&
		written.Tokenizer == filepath.Join(earlier, TokenizerFile):
		moved = append(moved, "tokenizer.identifier")
	default:
		c.Field(ConfigFile, "tokenizer.identifier", expected, written.Tokenizer)
	}
	switch {
	case written.LoadPath == folder || c.Trained: // a trainer's own config names what it started from
	case written.LoadPath == earlier:
		moved = append(moved, "load_path")
	case written.LoadPath == "":
		c.Warn("%s has no load_path: training would start from random weights", ConfigFile)
	default:
		c.Warn("load_path in %s is %s: training would start from there, not from this folder",
			ConfigFile, written.LoadPath)
	}
	if len(moved) > 0 {
		c.Warn("%s was moved here from %s: its %s still contains that path in %s",
			folder, earlier, ConfigFile, strings.Join(moved, " and "))
	}
}

// warnOfConfig warns of what else was edited that the trainer stops at, or reads in another way.
func (c *comparison) warnOfConfig(written *Written) {
	var stray []string
	known := KnownTrainer().Sections[TopSection]
	for _, key := range written.Keys {
		if known[key] == "" {
			stray = append(stray, key)
		}
	}
	c.WarnStray(ConfigFile, stray, "which the trainer does not know: it refuses to start")
	if d := written.Truncate; d != TruncateDirection {
		c.Warn("tokenizer.truncate_direction in %s is %s; convert writes %s",
			ConfigFile, cmp.Or(d, trainer.Missing), TruncateDirection)
	}
}

// compareTrainState compares train.pt with that of a trainer which has seen nothing yet. What
// a trainer saved at its very first step differs from it in words alone.
func (c *comparison) compareTrainState(step int64, known, hasOptimizer bool) error {
	expected, err := torchfile.Bytes("train", TrainState())
	if err != nil {
		return err
	}
	found, err := regular.Read(filepath.Join(c.found.Folder, TrainFile), output.MaxSmall)
	switch {
	case err != nil:
		c.File(TrainFile, "the state of a trainer at step 0", trainer.Missing)
	case bytes.Equal(found, expected), known && step == 0 && hasOptimizer:
	case known && step != 0:
		c.File(TrainFile, "global_step 0", fmt.Sprintf("global_step %d", step))
	default:
		c.File(TrainFile, "the state of a trainer at step 0", "different contents")
	}
	return nil
}
