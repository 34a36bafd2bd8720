package verify

import (
	"bytes"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"

	"hf2olmo/convert/native"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/output"
	"hf2olmo/convert/pickle"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/trainer"
)

// pairNumbers compares what the optimizer has as Python numbers, which are in no tensor.
func (v *ofCheckpoint) pairNumbers() {
	own := v.source.Checkpoint.Optim
	if !hasOptimizer(v.found.Path) {
		own = nil
	}
	for _, parameter := range slices.Sorted(maps.Keys(own)) {
		for _, moment := range slices.Sorted(maps.Keys(own[parameter])) {
			t, found := own[parameter][moment], v.found.Optim[parameter][moment]
			switch {
			case t.Value == nil:
			case found == nil || found.Value == nil:
				v.tensors.structure(t.Name, t.Name, fmt.Sprintf("is not the number %v", t.Value))
			case found.Value != t.Value:
				v.tensors.structure(t.Name, t.Name, fmt.Sprintf("is %v: expected %v", found.Value, t.Value))
			}
		}
	}
	for _, parameter := range slices.Sorted(maps.Keys(v.found.Optim)) {
		for _, moment := range slices.Sorted(maps.Keys(v.found.Optim[parameter])) {
			if found := v.found.Optim[parameter][moment]; found.Value != nil && own[parameter][moment] == nil {
				v.tensors.structure(found.Name, "", "is not part of "+v.tensors.whole)
			}
		}
	}
}

// compareTrain compares the numbers in train.pt, and all of it.
func (v *ofCheckpoint) compareTrain() {
	path := filepath.Join(v.found.Path, olmo.TrainFile)
	found, err := regular.Read(path, output.MaxSmall)
	if err != nil {
		v.File(olmo.TrainFile, "the numbers of the checkpoint", trainer.Missing)
		return
	}
	before := len(v.Differences)
	for _, item := range olmo.ResumeState(v.source.Checkpoint.Train) {
		own, isNumber := item.Value.(int64)
		switch value := v.found.Train.Get(item.Key); {
		case !isNumber || value == any(own):
		case value == nil:
			v.Field(olmo.TrainFile, item.Key, fmt.Sprint(own), trainer.Missing)
		default:
			v.Field(olmo.TrainFile, item.Key, fmt.Sprint(own), shownValue(value))
		}
	}
	if len(v.Differences) > before {
		return
	}
	small := v.source.Content().Small
	at := slices.IndexFunc(small, func(s output.Small) bool { return s.Name == olmo.TrainFile })
	if !bytes.Equal(small[at].Data, found) {
		v.File(olmo.TrainFile, "what convert writes", "different contents")
	}
}

// compareGroups compares the optimizer's parameter groups, field by field.
func compareGroups(c *trainer.Comparison, source, judged *native.Checkpoint) error {
	numbered := !source.Kind.Sharded()
	own, err := (&olmo.Optimizer{Groups: source.Groups, Numbered: numbered}).WrittenGroups()
	if err != nil {
		return err
	}
	found, err := (&olmo.Optimizer{Groups: judged.Groups, Numbered: numbered}).WrittenGroups()
	if err != nil {
		return err
	}
	if len(own) != len(found) {
		c.Field(olmo.OptimizerFile, "param_groups", groups(len(own)), groups(len(found)))
		return nil
	}
	for i := range own {
		compareGroup(c, fmt.Sprintf("param_groups[%d].", i), own[i], found[i])
	}
	return nil
}

func groups(n int) string { return fmt.Sprintf("%d groups", n) }

func compareGroup(c *trainer.Comparison, prefix string, own, found pickle.Dict) {
	rest := map[string]any{}
	for _, item := range found {
		rest[item.Key] = item.Value
	}
	for _, item := range own {
		value, there := rest[item.Key]
		delete(rest, item.Key)
		switch {
		case !there:
			c.Field(olmo.OptimizerFile, prefix+item.Key, shownValue(item.Value), trainer.Missing)
		case !reflect.DeepEqual(item.Value, value):
			c.Field(olmo.OptimizerFile, prefix+item.Key, shownValue(item.Value), shownValue(value))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(rest)) {
		c.Field(olmo.OptimizerFile, prefix+key, trainer.Missing, shownValue(rest[key]))
	}
}

// shownValue is a value as people are shown it.
func shownValue(value any) string {
	if value == nil {
		return "None"
	}
	return shown(fmt.Sprint(value))
}

// maxShown is how many characters of a line or a value people are shown.
const maxShown = 100

func shown(text string) string {
	if runes := []rune(text); len(runes) > maxShown {
		return string(runes[:maxShown]) + "…"
	}
	return text
}
