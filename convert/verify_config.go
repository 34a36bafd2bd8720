package convert

import (
	"bytes"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"hf2olmo/convert/folder"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/torchfile"
)

// A FieldDifference is something beside the tensors that a conversion would have
// written otherwise. Field is empty where a whole file is meant.
type FieldDifference struct {
	File     string `json:"file"`
	Field    string `json:"field"`
	Expected string `json:"expected"`
	Found    string `json:"found"`
}

const missing = "missing"

// modelDifferences holds the model section of a config.yaml against what conversion
// would write. What a user changes in the other sections is no difference.
func (c *Conversion) modelDifferences(written *olmo.Written) []FieldDifference {
	var differences []FieldDifference
	rest := maps.Clone(written.Model)
	for _, s := range c.Config {
		found, ok := written.Model[s.Name]
		delete(rest, s.Name)
		switch {
		case !ok:
			differences = append(differences, modelField(s.Name, fmt.Sprint(plain(s.Value)), missing))
		case !equalValues(s.Value, found):
			differences = append(differences, modelField(s.Name, fmt.Sprint(plain(s.Value)), fmt.Sprint(plain(found))))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(rest)) {
		differences = append(differences, modelField(name, missing, fmt.Sprint(plain(rest[name]))))
	}
	return differences
}

func modelField(name, expected, found string) FieldDifference {
	return FieldDifference{olmo.ConfigFile, "model." + name, expected, found}
}

// tokenizerDifferences holds the tokenizer that is named against the one that
// conversion would name. A folder that was moved still names its earlier place: that
// is told as a warning, for it is the same conversion.
func (c *Conversion) tokenizerDifferences(written *olmo.Written, recorded *folder.Manifest) ([]FieldDifference, string) {
	expected := c.trainer.tokenizers(c).identity
	if written.Tokenizer == expected {
		return nil, ""
	}
	if recorded != nil && expected == filepath.Join(c.Output, olmo.TokenizerFile) && written.Tokenizer == filepath.Join(recorded.Output, olmo.TokenizerFile) {
		return nil, fmt.Sprintf("%s was moved here from %s: its %s still names that place in tokenizer.identifier and load_path",
			c.Output, recorded.Output, olmo.ConfigFile)
	}
	return []FieldDifference{{olmo.ConfigFile, "tokenizer.identifier", expected, written.Tokenizer}}, ""
}

// plain gives null its YAML name.
func plain(v any) any {
	if v == nil {
		return "null"
	}
	return v
}

// equalValues compares a setting with a value that YAML gave: whole numbers may come
// as floats.
func equalValues(setting, found any) bool {
	a, isNumber := asFloat(setting)
	b, isNumber2 := asFloat(found)
	if isNumber && isNumber2 {
		return a == b
	}
	return setting == found
}

func asFloat(v any) (float64, bool) {
	switch n := v.(type) {
	case int:
		return float64(n), true
	case int64:
		return float64(n), true
	case uint64:
		return float64(n), true
	case float64:
		return n, true
	}
	return 0, false
}

// compareTrainState compares train.pt with that of a trainer which has seen nothing
// yet. What a trainer saved at its very first step differs from it in words alone.
func (v *verifier) compareTrainState(step int64, known, hasOptimizer bool) error {
	layout, err := torchfile.Plan("train", olmo.TrainState())
	if err != nil {
		return err
	}
	found, err := regular.Read(filepath.Join(v.native.folder, olmo.TrainFile), largestSmall)
	switch {
	case err != nil:
		v.fileDiffers(olmo.TrainFile, "a trainer's state at step 0", missing)
	case bytes.Equal(found, assemble(layout)), known && step == 0 && hasOptimizer:
	case known && step != 0:
		v.fileDiffers(olmo.TrainFile, "global_step 0", fmt.Sprintf("global_step %d", step))
	default:
		v.fileDiffers(olmo.TrainFile, "a trainer's state at step 0", "other bytes")
	}
	return nil
}
