package convert

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"hf2olmo/convert/folder"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/output"
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

// comparePlaces compares what config.yaml names outside of the model: the tokenizer, and
// the folder to start from. A folder that was moved still names its earlier place: that
// is a warning, for it is the same conversion, and so is another load_path.
func (v *verifier) comparePlaces(written *olmo.Written) {
	folder, earlier := v.native.folder, v.native.folder
	if v.recorded != nil {
		earlier = v.recorded.Output
	}
	var moved []string
	expected := v.trainer.tokenizers(v.Conversion).identity
	switch {
	case written.Tokenizer == expected:
	case expected == filepath.Join(folder, olmo.TokenizerFile) &&
		written.Tokenizer == filepath.Join(earlier, olmo.TokenizerFile):
		moved = append(moved, "tokenizer.identifier")
	default:
		v.fieldDiffers(olmo.ConfigFile, "tokenizer.identifier", expected, written.Tokenizer)
	}
	switch {
	case written.LoadPath == folder || v.result.Trained: // a trainer's own config names what it started from
	case written.LoadPath == earlier:
		moved = append(moved, "load_path")
	case written.LoadPath == "":
		v.warn("%s names no load_path: training would start from random weights", olmo.ConfigFile)
	default:
		v.warn("load_path in %s is %s: training would start from there, not from this folder",
			olmo.ConfigFile, written.LoadPath)
	}
	if len(moved) > 0 {
		v.warn("%s was moved here from %s: its %s still names that place in %s",
			folder, earlier, olmo.ConfigFile, strings.Join(moved, " and "))
	}
}

// warnOfConfig warns of what else was edited that the trainer stops at, or reads in another way.
func (v *verifier) warnOfConfig(written *olmo.Written) {
	var stray []string
	known := olmo.KnownTrainer().Sections[olmo.TopSection]
	for _, key := range written.Keys {
		if known[key] == "" {
			stray = append(stray, key)
		}
	}
	v.warnOfStray(olmo.ConfigFile, stray, "which the trainer does not know: it refuses to start")
	if d := written.Truncate; d != olmo.TruncateDirection {
		v.warn("tokenizer.truncate_direction in %s is %s; convert writes %s",
			olmo.ConfigFile, cmp.Or(d, missing), olmo.TruncateDirection)
	}
}

// warnOfTokenizer warns if the model's tokenizer is not the one that was there when it
// was converted.
func (v *verifier) warnOfTokenizer() error {
	if v.recorded == nil {
		return nil
	}
	at := slices.IndexFunc(v.recorded.Sources, func(s folder.State) bool { return s.Name == olmo.TokenizerFile })
	now := v.Model.Tokenizer
	switch {
	case at < 0 && now == nil:
		return nil
	case at < 0:
		v.warn("%s of the model was not there when it was converted", olmo.TokenizerFile)
		return nil
	case now == nil:
		v.warn("%s of the model is not there any more", olmo.TokenizerFile)
		return nil
	}
	state, err := output.HashFile(now.Path)
	if err == nil && state.Hash != v.recorded.Sources[at].Hash {
		v.warn("%s of the model was edited since it was converted", olmo.TokenizerFile)
	}
	return err
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
	found, err := regular.Read(filepath.Join(v.native.folder, olmo.TrainFile), output.MaxSmall)
	switch {
	case err != nil:
		v.fileDiffers(olmo.TrainFile, "a trainer's state at step 0", missing)
	case bytes.Equal(found, wholeFile(layout)), known && step == 0 && hasOptimizer:
	case known && step != 0:
		v.fileDiffers(olmo.TrainFile, "global_step 0", fmt.Sprintf("global_step %d", step))
	default:
		v.fileDiffers(olmo.TrainFile, "a trainer's state at step 0", "other bytes")
	}
	return nil
}
