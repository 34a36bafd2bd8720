// Package omegaconf reads YAML as OmegaConf does, with which AI2's OLMo trainer reads its
// config.yaml, and writes text that it reads back unchanged.
//
// OmegaConf reads with PyYAML's CSafeLoader, that is libyaml and YAML 1.1, and changes it:
// 1e-06 is a number, a date is text, and a key twice is an error. Then it merges what it read
// into the fields of a class, and converts each value to the type of its field.
//
// The parser is go.yaml.in/yaml/v3, a port of libyaml, of which only the nodes are used. What
// they mean is decided here, and held against OmegaConf by testdata/interop/test_omegaconf.py.
// Where the two differ, this package refuses.
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
	Plain string // the text of a scalar without quotes, else ""
	There bool   // false for what Get does not find
}

// A Mapping has text keys, in the order in which they were first set.
type Mapping struct {
	keys   []string
	values map[string]Value
}

// Keys returns the keys in order, with those whose value is missing (see Get).
func (m *Mapping) Keys() []string {
	if m == nil {
		return nil
	}
	return slices.Clone(m.keys)
}

// Get returns the value of a key. It is not There if the key is absent, or if the value is
// ???, for which OmegaConf leaves the field's default in place.
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

// missing is the text by which OmegaConf says that a value has yet to be given.
const missing = "???"

// Text returns the text that the trainer sees: escapes undone. ok is false if the value is not
// text, or is filled in by OmegaConf from elsewhere (${...}).
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
