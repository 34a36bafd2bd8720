package keymap

import (
	"fmt"
	"slices"
	"strings"
)

// whole is what config.json as a whole is called before a field's name, in tables whose fields are inside of one of
// its objects.
const whole = "config"

// place is where config.json has a field that a table calls name: "object.field", or the object that all fields are
// inside of, "" for none.
func place(name, inside string) (object, field string) {
	object, field, dotted := strings.Cut(name, ".")
	switch {
	case !dotted:
		return inside, name
	case object == whole:
		return "", field
	}
	return object, field
}

// Called is what messages call a field: text_config.hidden_size.
func (f Field) Called() string {
	if f.In == "" {
		return f.Name
	}
	return f.In + "." + f.Name
}

// within returns the object of a config that the field is in; empty if there is none, as transformers reads it.
func (f Field) within(config map[string]any) (map[string]any, error) {
	if f.In == "" {
		return config, nil
	}
	switch object := config[f.In].(type) {
	case map[string]any:
		return object, nil
	case nil:
		return nil, nil
	default:
		return nil, fmt.Errorf("%s is %v: expected %s", f.In, object, kinds["object"])
	}
}

// placeFields finds out where config.json has each of the fields, and refuses two of one name: expressions see no more
// of it.
func placeFields(fields []Field, inside string) error {
	names := scope{}
	for i := range fields {
		f := &fields[i]
		f.In, f.Name = place(f.Name, inside)
		if names[f.Name] {
			return fmt.Errorf("%s: there is another field %s", f.Called(), f.Name)
		}
		names[f.Name] = true
	}
	return nil
}

// placed returns the names of fields in config.json, as Called gives them.
func placed(fields []Field, harmless []string, inside string) scope {
	names := scope{}
	for _, f := range fields {
		names[f.Called()] = true
	}
	for _, name := range harmless {
		f := Field{}
		f.In, f.Name = place(name, inside)
		names[f.Called()] = true
	}
	return names
}

// objects returns the objects of a config that fields are in, by name.
func objects(fields []Field, config map[string]any) map[string]map[string]any {
	found := map[string]map[string]any{}
	for _, f := range fields {
		if object, isObject := config[f.In].(map[string]any); f.In != "" && isObject {
			found[f.In] = object
		}
	}
	return found
}

// unknown returns the fields of config.json that have a value and are neither in the table
// nor in transformers.yaml, sorted: they may change what the model computes.
func (t *Table) unknown(config map[string]any) []string {
	inner := objects(t.fields, config)
	unknown := t.unknownOf(config, "", inner)
	for name, object := range inner {
		unknown = append(unknown, t.unknownOf(object, name+".", nil)...)
	}
	slices.Sort(unknown)
	return unknown
}

func (t *Table) unknownOf(object map[string]any, before string, known map[string]map[string]any) (unknown []string) {
	common := anyPretrained()
	for name, value := range object {
		if value != nil && !t.known[before+name] && known[name] == nil && !common.harmless[name] &&
			!hasField(common.fields, name) {
			unknown = append(unknown, before+name)
		}
	}
	return unknown
}
