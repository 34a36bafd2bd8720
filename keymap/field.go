package keymap

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// A Field is a field of a config, with its type and its default. In a table it is written
// "type", "type?" (null is allowed, and is the default) or "type = default".
type Field struct {
	Name     string
	In       string // the object of the config that it is in, "" for none
	Kind     string // int, float, bool, string, object, list, token
	Nullable bool
	Default  any  // of the Go type that convert gives
	Required bool // neither nullable nor with a default
}

// kinds are the types of fields, in words. A token is an id, or a list of ids of which
// the first counts, like Llama's end-of-text ids.
var kinds = map[string]string{
	"int": "a whole number", "float": "a number", "bool": "true or false", "string": "a string",
	"object": "an object", "list": "a list", "token": "a token id or a list of them",
}

func parseField(name, spec string) (Field, error) {
	kind, value, hasDefault := strings.Cut(spec, "=")
	kind = strings.TrimSpace(kind)
	f := Field{Name: name, Kind: strings.TrimSuffix(kind, "?"), Nullable: strings.HasSuffix(kind, "?")}
	if kinds[f.Kind] == "" {
		return f, fmt.Errorf("%s: no type is called %q", name, f.Kind)
	}
	f.Required = !hasDefault && !f.Nullable
	if !hasDefault {
		return f, nil
	}
	var v any
	if err := unmarshal([]byte(value), &v); err != nil {
		return f, fmt.Errorf("%s: default %q: %w", name, value, err)
	}
	if n, ok := v.(uint64); ok {
		v = int(n)
	}
	var err error
	f.Default, err = f.convert(v)
	return f, err
}

// convert returns v, as JSON or an expression gives it, as the field's Go type:
// int, float64, bool, string, map[string]any, []any, or nil.
func (f Field) convert(v any) (any, error) {
	if l, ok := v.([]any); ok && f.Kind == "token" && len(l) == 0 {
		v = nil // no token at all
	}
	if v == nil {
		if f.Nullable {
			return nil, nil
		}
		return nil, fmt.Errorf("%s is null: expected %s", f.Called(), kinds[f.Kind])
	}
	if left := maxValue; !fits(v, &left) {
		return nil, fmt.Errorf("%s is larger than any config needs: expected %s", f.Called(), kinds[f.Kind])
	}
	switch f.Kind {
	case "int":
		if n, ok := wholeNumber(v); ok {
			return n, nil
		}
	case "float":
		if x, ok := Number(v); ok && !math.IsNaN(x) && !math.IsInf(x, 0) {
			return x, nil
		}
	case "bool":
		if b, ok := v.(bool); ok {
			return b, nil
		}
	case "string":
		if s, ok := v.(string); ok {
			return s, nil
		}
	case "object":
		if m, ok := v.(map[string]any); ok {
			return plain(m), nil
		}
	case "list":
		if l, ok := v.([]any); ok {
			return plain(l), nil
		}
	case "token":
		if l, ok := v.([]any); ok && len(l) > 0 {
			v = l[0]
		}
		if n, ok := wholeNumber(v); ok {
			return n, nil
		}
	}
	if s, ok := v.(string); ok {
		v = fmt.Sprintf("%q", s) // "48" is not the number 48
	}
	return nil, fmt.Errorf("%s is %v: expected %s", f.Called(), v, kinds[f.Kind])
}

// readFields takes fields from the parsed config of a file. The values are nil if one is
// missing or has the wrong type.
func readFields(fields []Field, config map[string]any, file string) (map[string]any, []*Refusal) {
	env := map[string]any{}
	var refusals []*Refusal
	for _, f := range fields {
		v, err := f.read(config)
		said := func(r *Refusal) bool { return r.Because == err.Error() }
		if err != nil && !slices.ContainsFunc(refusals, said) {
			refusals = append(refusals, &Refusal{File: file, Because: err.Error()})
		}
		env[f.Name] = v
	}
	if len(refusals) > 0 {
		return nil, refusals
	}
	return env, nil
}

// read takes the field from a parsed config.json.
func (f Field) read(config map[string]any) (any, error) {
	object, err := f.within(config)
	if err != nil {
		return nil, err
	}
	if v, ok := object[f.Name]; ok {
		return f.convert(v)
	}
	if f.Required {
		return nil, f.missing()
	}
	return f.Default, nil
}

// missing is the error of a field that must be there.
func (f Field) missing() error {
	return fmt.Errorf("%s is missing: expected %s", f.Called(), kinds[f.Kind])
}

// Number returns v, a value of a config of any format, as a float if it is a number.
func Number(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, true
	case int:
		return float64(n), true
	case int64:
		return float64(n), true
	case uint64:
		return float64(n), true
	}
	return 0, false
}

// plain returns an object or list whose integers are ints, like those of expressions.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		object := make(map[string]any, len(v))
		for name, value := range v {
			object[name] = plain(value)
		}
		return object
	case []any:
		list := make([]any, len(v))
		for i, value := range v {
			list[i] = plain(value)
		}
		return list
	case int64:
		return int(v)
	}
	return v
}
