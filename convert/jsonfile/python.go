package jsonfile

import (
	"io"
	"maps"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/text/encoding"
	"golang.org/x/text/transform"
)

// What Python's json does not read either.
const (
	pythonDepth  = 900  // nesting: Python gives up at about 1,000, less what is on its stack already
	pythonDigits = 4300 // of a whole number
)

// ConfigLimits bound a config.json: real ones have some thousand bytes.
var ConfigLimits = Limits{Bytes: 8 << 20, Members: 50_000, Values: 200_000}

// A Python decodes JSON as Python's json does, which takes more than JSON: NaN and Infinity,
// a surrogate without its other half, numbers of any size, and a key twice, of which the
// last one counts. Only what has two meanings is refused: a key twice with different values.
type Python struct {
	*jsontext.Decoder
	constants *constants
}

// NewPython returns a decoder of r that gives up if l is passed.
func NewPython(r io.Reader, l Limits) *Python {
	valid := transform.NewReader(Bound(r, l), encoding.UTF8Validator)
	c := &constants{r: valid, values: map[int64]float64{}, last: ' '}
	return &Python{jsontext.NewDecoder(c, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)), c}
}

// ReadObject reads one JSON object, and nothing after it, as Python's json does: with int64
// for an integer literal that fits, float64 for any other number.
func ReadObject(r io.Reader, l Limits) (map[string]any, error) {
	p := NewPython(r, l)
	if err := Expect(p.Decoder, '{', "the JSON value"); err != nil {
		return nil, err
	}
	v, err := p.Value()
	if err != nil {
		return nil, err
	}
	return v.(map[string]any), ReadEnd(p.Decoder)
}

// Value reads whatever comes next: map[string]any, []any, string, bool, nil,
// int64 for an integer literal that fits, float64 for any other number.
func (p *Python) Value() (any, error) {
	if p.StackDepth() > pythonDepth {
		return nil, Misshapen(p.Decoder, "is nested too deeply: Python reads about %d levels", pythonDepth)
	}
	switch p.PeekKind() {
	case '{':
		object := map[string]any{}
		err := EachMember(p.Decoder, "", func(key string) error { return p.Member(object, key) })
		return object, err
	case '[':
		array := []any{}
		err := EachElement(p.Decoder, "", func() error {
			v, err := p.Value()
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

// Member reads the value of a key into object, which may hold it already.
func (p *Python) Member(object map[string]any, key string) error {
	v, err := p.Value()
	if err != nil {
		return err
	}
	if before, twice := object[key]; twice && !same(before, v) {
		return p.TwoMeanings(key)
	}
	object[key] = v
	return nil
}

// TwoMeanings is the error of a key that appeared before, with another value.
func (p *Python) TwoMeanings(key string) error {
	return Misshapen(p.Decoder, "name %q appears twice, with different values", key)
}

// number is Python's int or float of a literal: its floats overflow to infinity.
func (p *Python) number(literal string) (any, error) {
	if x, ok := p.constants.values[p.InputOffset()]; ok {
		return x, nil
	}
	if !strings.ContainsAny(literal, ".eE") {
		if n, err := strconv.ParseInt(literal, 10, 64); err == nil {
			return n, nil
		}
		if digits := len(strings.TrimPrefix(literal, "-")); digits > pythonDigits {
			return nil, Misshapen(p.Decoder, "a whole number has %d digits: Python reads at most %d", digits, pythonDigits)
		}
	}
	x, _ := strconv.ParseFloat(literal, 64) // infinity if it is out of range
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
