package keymap

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// readBack says how the fields of a config are read back from a nested config file.
type readBack struct {
	known     []*expression // conditions; other models are not read
	fields    map[string]*expression
	spellings map[string]spelling // by class
}

func parseReadBack(read map[string]any, known scope) (readBack, error) {
	r := readBack{fields: map[string]*expression{}}
	names := scope{"model": true, "block": true}
	for _, name := range slices.Sorted(maps.Keys(read)) {
		if name == "spelling" {
			var err error
			if r.spellings, err = parseSpellings(read[name]); err != nil {
				return r, fmt.Errorf("spelling: %w", err)
			}
			continue
		}
		if conditions, isList := read[name].([]any); isList && name == "known" {
			for _, text := range conditions {
				e, err := compile(fmt.Sprint(text), names)
				if err != nil {
					return r, err
				}
				r.known = append(r.known, e)
			}
			continue
		}
		if !known[name] {
			return r, fmt.Errorf("there is no field %q", name)
		}
		e, err := compile(fmt.Sprint(read[name]), names)
		if err != nil {
			return r, fmt.Errorf("%s: %w", name, err)
		}
		r.fields[name] = e
	}
	return r, nil
}

// ReadBack returns the config fields, as StateDict takes them, of a model section (as Plain returns it) with
// these blocks. ok is false if the target does not describe the model, or if its blocks differ in shape.
func (t *Target) ReadBack(model map[string]any, blocks []map[string]any) (config map[string]any, ok bool) {
	for _, block := range blocks {
		fields, ok := t.readBack.read(map[string]any{"model": model, "block": block})
		if !ok || config != nil && !reflect.DeepEqual(config, fields) {
			return nil, false
		}
		config = fields
	}
	return config, config != nil
}

func (r *readBack) read(env map[string]any) (map[string]any, bool) {
	for _, condition := range r.known {
		if so, err := condition.bool(env); err != nil || !so {
			return nil, false
		}
	}
	fields := map[string]any{}
	for name, e := range r.fields {
		v, err := e.eval(env)
		if err != nil {
			return nil, false
		}
		if v != nil {
			fields[name] = v
		}
	}
	return fields, len(fields) > 0
}
