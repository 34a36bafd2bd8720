package convert

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"hf2olmo/convert/hf"
	"hf2olmo/convert/olmocore"
	"hf2olmo/convert/omegaconf"
)

// compareCoreConfig compares a config.json with what convert would write. Another
// tokenizer's identifier is the same model, and so is what was added at the top: both
// are warnings.
func (v *verifier) compareCoreConfig(want, found []byte) {
	expected, err := hf.ReadObject(want)
	if err != nil {
		v.fileDiffers(olmocore.ConfigFile, "a config", err.Error()) // cannot be: convert wrote it
		return
	}
	written, err := hf.ReadObject(found)
	if err != nil {
		v.fileDiffers(olmocore.ConfigFile, "a config", "not an object of JSON: "+err.Error())
		return
	}
	var stray []string
	for _, name := range slices.Sorted(maps.Keys(written)) {
		if _, known := expected[name]; !known {
			stray = append(stray, name)
			delete(written, name)
		}
	}
	v.warnOfStray(olmocore.ConfigFile, stray, "which convert does not write")
	v.compareObjects("", expected, written)
}

// compareObjects compares the members of an object, whose own path ends in a dot.
func (v *verifier) compareObjects(path string, expected, found map[string]any) {
	names := maps.Clone(expected)
	maps.Copy(names, found)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		a, inA := expected[name]
		b, inB := found[name]
		objectA, isObject := a.(map[string]any)
		objectB, isObject2 := b.(map[string]any)
		switch {
		case isObject && isObject2:
			v.compareObjects(path+name+".", objectA, objectB)
		case inA == inB && reflect.DeepEqual(a, b):
		case path+name == olmocore.IdentifierField:
			v.warn("%s: %s is %s; convert would write %s for this model",
				olmocore.ConfigFile, path+name, inWords(b, inB), inWords(a, inA))
		default:
			v.fieldDiffers(olmocore.ConfigFile, path+name, inWords(a, inA), inWords(b, inB))
		}
	}
}

// mostStray is how many keys are named that should not be there.
const mostStray = 5

// warnOfStray warns of keys at the top of a config, and says why.
func (v *verifier) warnOfStray(file string, keys []string, why string) {
	more := ""
	if n := len(keys); n > mostStray {
		keys, more = keys[:mostStray], fmt.Sprintf(" and %d more", n-mostStray)
	}
	what := "key"
	if len(keys) > 1 {
		what = "keys"
	}
	if len(keys) > 0 {
		v.warn("%s has the %s %s%s, %s", file, what, strings.Join(keys, ", "), more, why)
	}
}

// inWords is a value of JSON in one line.
func inWords(value any, there bool) string {
	if !there {
		return missing
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
