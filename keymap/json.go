package keymap

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// JSON returns the object as an indented text, in the order of its members, whose floats Python
// reads as floats.
func (o Object) JSON() ([]byte, error) {
	var b strings.Builder
	e := jsontext.NewEncoder(&b, jsontext.WithIndent("  "))
	if err := encode(e, o); err != nil {
		return nil, err
	}
	return []byte(b.String()), nil
}

// encode writes a value of a document.
func encode(e *jsontext.Encoder, v any) error {
	switch v := v.(type) {
	case Object:
		return encodeObject(e, v)
	case map[string]any:
		var object Object
		for _, name := range slices.Sorted(maps.Keys(v)) {
			object = append(object, Setting{Name: name, Value: v[name]})
		}
		return encodeObject(e, object)
	case []any:
		if err := e.WriteToken(jsontext.BeginArray); err != nil {
			return err
		}
		for _, item := range v {
			if err := encode(e, item); err != nil {
				return err
			}
		}
		return e.WriteToken(jsontext.EndArray)
	case nil:
		return e.WriteToken(jsontext.Null)
	case bool:
		return e.WriteToken(jsontext.Bool(v))
	case string:
		return e.WriteToken(jsontext.String(v))
	case int:
		return e.WriteToken(jsontext.Int(int64(v)))
	case float64:
		return encodeFloat(e, v)
	}
	return fmt.Errorf("a %T cannot be written as JSON", v)
}

func encodeObject(e *jsontext.Encoder, object Object) error {
	if err := e.WriteToken(jsontext.BeginObject); err != nil {
		return err
	}
	for _, member := range object {
		if err := e.WriteToken(jsontext.String(member.Name)); err != nil {
			return err
		}
		if err := encode(e, member.Value); err != nil {
			return fmt.Errorf("%s: %w", member.Name, err)
		}
	}
	return e.WriteToken(jsontext.EndObject)
}

// encodeFloat writes a float as one, even if it is whole: Python distinguishes 48.0 from 48.
func encodeFloat(e *jsontext.Encoder, v float64) error {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Errorf("%v cannot be written as JSON", v)
	}
	text := strconv.FormatFloat(v, 'g', -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return e.WriteValue(jsontext.Value(text))
}
