// Package omegaconf reads YAML like OmegaConf, which AI2's OLMo trainer uses for its config.yaml,
// and writes scalars that OmegaConf reads back unchanged.
//
// OmegaConf uses PyYAML's CSafeLoader (libyaml, YAML 1.1) with changes: 1e-06 is a number, a
// date is text, and a duplicate key is an error. Then it merges the values into the fields of
// a class, and converts each to the type of its field.
//
// The parser is go.yaml.in/yaml/v3, a port of libyaml, of which only the nodes are used. This
// package interprets them, and testdata/interop/test_omegaconf.py compares it with OmegaConf.
// What the two would read differently is refused.
package omegaconf

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A Value is a value of a document.
type Value struct {
	Data  any    // nil, bool, int64, *big.Int (if larger), float64, string, []Value or *Mapping
	Plain string // the text of an unquoted scalar, else ""
	There bool   // false for what Get does not find
}

// A Mapping has text keys, in the order in which they first appear.
type Mapping struct {
	keys   []string
	values map[string]Value
}

// Keys returns the keys in order, including those whose value is missing (see Get).
func (m *Mapping) Keys() []string {
	if m == nil {
		return nil
	}
	return slices.Clone(m.keys)
}

// Get returns the value of a key. It is not There if the key is absent, or if the value is
// ???, which leaves the field's default in place.
func (m *Mapping) Get(key string) Value {
	if m == nil || m.values[key].Data == any(missing) {
		return Value{}
	}
	return m.values[key]
}

// Section returns the mapping under a key, nil if there is none.
func (m *Mapping) Section(key string) *Mapping {
	inner, _ := m.Get(key).Data.(*Mapping)
	return inner
}

func (m *Mapping) set(key string, v Value) {
	if _, known := m.values[key]; !known {
		m.keys = append(m.keys, key)
	}
	m.values[key] = v
}

// missing is OmegaConf's text for a value that has yet to be given.
const missing = "???"

// Text returns the text that the trainer sees, without escapes. ok is false if the value is not
// text, or if OmegaConf fills it in from elsewhere (${...}).
func (v Value) Text() (text string, ok bool) {
	s, ok := v.Data.(string)
	if !ok {
		return "", false
	}
	if strings.HasSuffix(s, missing) && strings.Trim(s[:len(s)-len(missing)], `\`) == "" {
		return strings.TrimPrefix(s, `\`), s != missing
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, "${")
		if !found {
			b.WriteString(s)
			return b.String(), true
		}
		bare := strings.TrimRight(before, `\`)
		escapes := len(before) - len(bare)
		if escapes%2 == 0 {
			return "", false
		}
		b.WriteString(bare + strings.Repeat(`\`, escapes/2) + "${")
		s = after
	}
}

// Interpolated reports whether OmegaConf fills the value in from elsewhere.
func (v Value) Interpolated() bool {
	_, isText := v.Data.(string)
	_, known := v.Text()
	return isText && !known
}

// String writes the value for a message.
func (v Value) String() string {
	switch d := v.Data.(type) {
	case nil:
		return "null"
	case []Value:
		return fmt.Sprintf("a list of %d", len(d))
	case *Mapping:
		return "a mapping"
	case string:
		return strconv.Quote(d)
	case float64:
		if v.Plain != "" {
			return v.Plain
		}
	}
	return fmt.Sprint(v.Data)
}
