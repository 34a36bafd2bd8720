package keymap

import (
	"fmt"
	"maps"
	"slices"

	"github.com/goccy/go-yaml"
)

// classMember is what a config file writes the class of an object under.
const classMember = "_CLASS_"

// spelling is how the objects of one class may be written otherwise in a config file.
type spelling struct {
	earlier  map[string]string // another name of a member, and the name that is read
	defaults []binding         // members that may be left out; they see the model section and the object as `it`
}

type spellingYAML struct {
	Earlier  map[string]string `yaml:"earlier"`
	Defaults yaml.MapSlice     `yaml:"defaults"`
}

func parseSpellings(part any) (map[string]spelling, error) {
	var y map[string]spellingYAML
	if err := remarshal(part, &y); err != nil {
		return nil, err
	}
	spellings := map[string]spelling{}
	for class, s := range y {
		defaults, err := parseBindings(s.Defaults, scope{"model": true, "it": true})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", class, err)
		}
		spellings[class] = spelling{s.Earlier, defaults}
	}
	return spellings, nil
}

// Plain returns the model section of a config file in the one spelling that ReadBack reads: with
// today's names, and with the members that may be left out. The argument stays as it is.
func Plain(t *Target, model map[string]any) map[string]any {
	plain, _ := t.readBack.plain(model, model).(map[string]any)
	return plain
}

// read is a value as a JSON reader returns it.
func read(value any) any {
	if n, isInt := value.(int); isInt {
		return int64(n)
	}
	return value
}

func (r *readBack) plain(v any, model map[string]any) any {
	if list, isList := v.([]any); isList {
		list = slices.Clone(list)
		for i := range list {
			list[i] = r.plain(list[i], model)
		}
		return list
	}
	object, isObject := v.(map[string]any)
	if !isObject {
		return v
	}
	class, _ := object[classMember].(string)
	s := r.spellings[class]
	plain := map[string]any{}
	for name, value := range object {
		if today, ok := s.earlier[name]; ok && object[today] == nil {
			name = today
		}
		plain[name] = r.plain(value, model)
	}
	for _, d := range s.defaults {
		if plain[d.name] != nil {
			continue
		}
		if value, err := d.value.eval(map[string]any{"model": model, "it": maps.Clone(plain)}); err == nil && value != nil {
			plain[d.name] = read(value)
		}
	}
	return plain
}
