package hf

import (
	"bytes"
	"io"
	"maps"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/text/encoding"
	"golang.org/x/text/transform"

	"hf2olmo/convert/jsonfile"
)

// config.json, the index and the files of special tokens are read by Python's json, which
// takes more than JSON: NaN and Infinity, a surrogate without its other half, numbers of any
// size, and a key twice, of which the last one counts. What has two meanings is refused here:
// a key twice with different values.

// What Python's json does not read either.
const (
	pythonDepth  = 900  // nesting: Python gives up at about 1,000, less what it stands in already
	pythonDigits = 4300 // of a whole number
)

// ReadObject reads an object of JSON as Python's json does: with int64 where a literal is an
// integer that fits, else float64.
func ReadObject(text []byte) (map[string]any, error) { return decodeObject(bytes.NewReader(text)) }

// A python decodes JSON as Python's json does.
type python struct {
	*jsontext.Decoder
	constants *constants
}

func newPython(r io.Reader, l jsonfile.Limits) *python {
	valid := transform.NewReader(jsonfile.Bound(r, l), encoding.UTF8Validator)
	c := &constants{r: valid, values: map[int64]float64{}, last: ' '}
	return &python{jsontext.NewDecoder(c, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)), c}
}

// value reads whatever comes next: map[string]any, []any, string, bool, nil,
// int64 for an integer literal that fits, float64 for any other number.
func (p *python) value() (any, error) {
	if p.StackDepth() > pythonDepth {
		return nil, jsonfile.Misshapen(p.Decoder, "is nested too deeply: Python reads about %d levels", pythonDepth)
	}
	switch p.PeekKind() {
	case '{':
		object := map[string]any{}
		err := jsonfile.EachMember(p.Decoder, "", func(key string) error { return p.member(object, key) })
		return object, err
	case '[':
		array := []any{}
		err := jsonfile.EachElement(p.Decoder, "", func() error {
			v, err := p.value()
			array = append(array, v)
			return err
		})
		return array, err
	}
	token, err := p.ReadToken()
	if err != nil {
		return nil, err
	}
	switch token.Kind() {
	case '"':
		return token.String(), nil
	case 't', 'f':
		return token.Bool(), nil
	case '0':
		return p.number(token.String())
	}
	return nil, nil
}

// member reads the value of a key into object, which may hold it already.
func (p *python) member(object map[string]any, key string) error {
	v, err := p.value()
	if err != nil {
		return err
	}
	if before, twice := object[key]; twice && !same(before, v) {
		return twoMeanings(p.Decoder, key)
	}
	object[key] = v
	return nil
}

func twoMeanings(d *jsontext.Decoder, key string) error {
	return jsonfile.Misshapen(d, "name %q appears twice, with different values", key)
}

// number is Python's int or float of a literal: its floats overflow to infinity.
func (p *python) number(literal string) (any, error) {
	if x, ok := p.constants.values[p.InputOffset()]; ok {
		return x, nil
	}
	if !strings.ContainsAny(literal, ".eE") {
		if n, err := strconv.ParseInt(literal, 10, 64); err == nil {
			return n, nil
		}
		if digits := len(strings.TrimPrefix(literal, "-")); digits > pythonDigits {
			return nil, jsonfile.Misshapen(p.Decoder, "a whole number has %d digits: Python reads at most %d", digits, pythonDigits)
		}
	}
	x, _ := strconv.ParseFloat(literal, 64) // infinity where it is out of range
	return x, nil
}

// same reports whether two values mean the same to a reader: 1 and 1.0 do, and NaN is itself.
func same(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, b, same)
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !same(a[i], b[i]) {
				return false
			}
		}
		return true
	case float64:
		if b, ok := b.(float64); ok && math.IsNaN(a) {
			return math.IsNaN(b)
		}
		if b, ok := b.(int64); ok {
			return a == float64(b)
		}
	case int64:
		if b, ok := b.(float64); ok {
			return float64(a) == b
		}
	}
	return reflect.DeepEqual(a, b)
}
