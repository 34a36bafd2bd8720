package convert

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"

	"hf2olmo/convert/olmocore"
)

// compareCoreConfig compares a config.json with what convert would write. Another
// tokenizer's identifier is the same model, and so is what was added at the top: both
// are warnings.
func (v *verifier) compareCoreConfig(want, found []byte) {
	expected, err := readObject(want)
	if err != nil {
		v.fileDiffers(olmocore.ConfigFile, "a config", err.Error()) // cannot be: convert wrote it
		return
	}
	written, err := readObject(found)
	if err != nil {
		v.fileDiffers(olmocore.ConfigFile, "a config", err.Error())
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
		case inA == inB && sameJSON(a, b):
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

// sameJSON reports whether Python's json reads the same: 1e3 is 1000.0, but not 1000.
func sameJSON(a, b any) bool {
	x, isNumber := a.(json.Number)
	y, isNumber2 := b.(json.Number)
	if !isNumber || !isNumber2 || x == y {
		return reflect.DeepEqual(a, b)
	}
	f, err := x.Float64()
	g, err2 := y.Float64()
	const point = ".eE"
	floats := strings.ContainsAny(x.String(), point) && strings.ContainsAny(y.String(), point)
	return err == nil && err2 == nil && f == g && floats
}

// inWords is a value of JSON in one line.
func inWords(value any, there bool) string {
	if !there {
		return missing
	}
	if text, ok := value.(string); ok {
		return text
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return fmt.Sprint(value)
	}
	return strings.TrimSpace(b.String())
}

// readObject reads an object of JSON, with its numbers as they are spelled.
func readObject(text []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var object map[string]any
	if err := d.Decode(&object); err != nil {
		return nil, fmt.Errorf("not an object of JSON: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("something follows the object")
	}
	return object, nil
}
