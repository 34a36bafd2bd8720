package tokenizers

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"hf2olmo/convert/jsonfile"
)

// The tokenizers library reads tokenizer.json with Rust's serde. Here is as much of serde as
// that takes: a JSON value whose objects keep a key that appears twice, and shapes that it
// must have. What serde takes, and people would not expect: a struct may be written as the
// list of its fields, a variant "A" as {"A": null}, and fields that are not known are let be.

// A serde value is nil, bool, string, uint64, int64 (below 0), float64, []any or members.
type members []member

type member struct {
	key   string
	value any
}

const (
	serdeDepth  = 127     // nesting that serde_json reads
	serdeValues = 200_000 // of everything but the vocabulary, the merges and the added tokens
)

// readSerde reads whatever comes next; left is how many values may still be read.
func readSerde(d *jsontext.Decoder, left *int) (any, error) {
	if *left--; *left < 0 {
		return nil, jsonfile.Misshapen(d, "has a value that is larger than any tokenizer needs")
	}
	kind := d.PeekKind()
	if (kind == '{' || kind == '[') && d.StackDepth() >= serdeDepth {
		return nil, jsonfile.Misshapen(d, "is nested too deeply: tokenizers reads %d levels", serdeDepth)
	}
	switch kind {
	case '{':
		object := members{}
		err := jsonfile.EachMember(d, "", func(key string) error {
			v, err := readSerde(d, left)
			object = append(object, member{key, v})
			return err
		})
		return object, err
	case '[':
		array := []any{}
		err := jsonfile.EachElement(d, "", func() error {
			v, err := readSerde(d, left)
			array = append(array, v)
			return err
		})
		return array, err
	}
	token, err := d.ReadToken()
	switch {
	case err != nil:
		return nil, err
	case token.Kind() == '"':
		return token.String(), nil
	case token.Kind() == '0':
		return serdeNumber(d, token.String())
	case token.Kind() == 'n':
		return nil, nil
	}
	return token.Bool(), nil
}

// serdeNumber is serde_json's number of a literal: an integer past 64 bits, and -0, are floats.
func serdeNumber(d *jsontext.Decoder, literal string) (any, error) {
	if !strings.ContainsAny(literal, ".eE") && literal != "-0" {
		if n, err := strconv.ParseUint(literal, 10, 64); err == nil {
			return n, nil
		}
		if n, err := strconv.ParseInt(literal, 10, 64); err == nil {
			return n, nil
		}
	}
	x, err := strconv.ParseFloat(literal, 64)
	if err != nil {
		return nil, jsonfile.Misshapen(d, "number %.80s is out of range", literal)
	}
	return x, nil
}

// lastWins is a value as serde_json's own Value keeps it: of a key that appears twice, the last.
func lastWins(v any) any {
	switch v := v.(type) {
	case members:
		kept := members{}
		at := map[string]int{}
		for _, m := range v {
			m.value = lastWins(m.value)
			if i, twice := at[m.key]; twice {
				kept[i] = m
				continue
			}
			at[m.key] = len(kept)
			kept = append(kept, m)
		}
		return kept
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = lastWins(v[i])
		}
		return list
	}
	return v
}

// A shape reports what keeps a value from having it.
type shape func(v any) error

func isA[T any](what string) shape {
	return func(v any) error {
		if _, ok := v.(T); !ok {
			return fmt.Errorf("is not %s", what)
		}
		return nil
	}
}

var (
	aBool   = isA[bool]("true or false")
	aString = isA[string]("a string")
	aCount  = isA[uint64]("a whole number from 0")
)

func anID(v any) error {
	if n, ok := v.(uint64); !ok || n > math.MaxUint32 {
		return fmt.Errorf("is not a whole number from 0 to %d", uint32(math.MaxUint32))
	}
	return nil
}

func aNumber(v any) error {
	switch v.(type) {
	case uint64, int64, float64:
		return nil
	}
	return errors.New("is not a number")
}

func aChar(v any) error {
	if s, ok := v.(string); !ok || utf8.RuneCountInString(s) != 1 {
		return errors.New("is not one character")
	}
	return nil
}

func orNull(s shape) shape {
	return func(v any) error {
		if v == nil {
			return nil
		}
		return s(v)
	}
}

func listOf(s shape) shape {
	return func(v any) error {
		list, ok := v.([]any)
		if !ok {
			return errors.New("is not a list")
		}
		for i, item := range list {
			if err := s(item); err != nil {
				return fmt.Errorf("%d %w", i, err)
			}
		}
		return nil
	}
}

func pairOf(first, second shape) shape {
	return func(v any) error {
		list, ok := v.([]any)
		if !ok || len(list) != 2 {
			return errors.New("is not a list of two")
		}
		return errors.Join(first(list[0]), second(list[1]))
	}
}

// mapOf is an object of any keys.
func mapOf(s shape) shape {
	return func(v any) error {
		object, ok := v.(members)
		if !ok {
			return errors.New("is not an object")
		}
		for _, m := range object {
			if err := s(m.value); err != nil {
				return fmt.Errorf("%.80q %w", m.key, err)
			}
		}
		return nil
	}
}

// oneName is the name of a variant without contents.
func oneName(v any) (string, bool) {
	if object, ok := v.(members); ok && len(object) == 1 && object[0].value == nil {
		return object[0].key, true
	}
	s, ok := v.(string)
	return s, ok
}

func oneOf(names ...string) shape {
	return func(v any) error {
		if name, ok := oneName(v); !ok || !slices.Contains(names, name) {
			return fmt.Errorf("is not %s", strings.Join(names, ", "))
		}
		return nil
	}
}

// oneWith is a variant with contents: {"A": contents}.
func oneWith(variants map[string]shape) shape {
	return func(v any) error {
		object, ok := v.(members)
		if !ok || len(object) != 1 || variants[object[0].key] == nil {
			return errors.New("is not an object of one member that is known")
		}
		return variants[object[0].key](object[0].value)
	}
}

func either(a, b shape) shape {
	return func(v any) error {
		if a(v) == nil {
			return nil
		}
		return b(v)
	}
}
