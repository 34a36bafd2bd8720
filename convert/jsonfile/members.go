package jsonfile

import (
	"bytes"
	"errors"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// Members are the members of an object in their order, to be changed and written again: what is not
// changed keeps its numbers and its texts as they were.
type Members []Member

// A Member is one of an object's.
type Member struct {
	Name  string
	Value jsontext.Value
}

// ReadMembers reads one object, and nothing after it. Of a name that appears twice the last value counts,
// as in Python; what is not JSON to others, such as NaN, is an error.
func ReadMembers(text []byte, l Limits) (Members, error) {
	all := Members{}
	d := NewDecoder(bytes.NewReader(text), l, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	err := EachMember(d, "the JSON value", func(key string) error {
		value, err := d.ReadValue()
		all.Set(key, bytes.Clone(value))
		return err
	})
	if err == nil {
		err = ReadEnd(d)
	}
	return all, err
}

// Get returns the value of a name, nil if it is not there.
func (m Members) Get(name string) jsontext.Value {
	if at := m.index(name); at >= 0 {
		return m[at].Value
	}
	return nil
}

func (m Members) index(name string) int {
	return slices.IndexFunc(m, func(one Member) bool { return one.Name == name })
}

// Set changes the value of a name, or adds it at the end.
func (m *Members) Set(name string, value jsontext.Value) {
	if at := m.index(name); at >= 0 {
		(*m)[at].Value = value
		return
	}
	*m = append(*m, Member{name, value})
}

// Text returns the object as an indented text.
func (m Members) Text() ([]byte, error) {
	var b bytes.Buffer
	e := jsontext.NewEncoder(&b, jsontext.WithIndent("  "), jsontext.AllowInvalidUTF8(true),
		jsontext.AllowDuplicateNames(true), jsontext.PreserveRawStrings(true))
	err := e.WriteToken(jsontext.BeginObject)
	for _, one := range m {
		err = errors.Join(err, e.WriteToken(jsontext.String(one.Name)), e.WriteValue(one.Value))
	}
	err = errors.Join(err, e.WriteToken(jsontext.EndObject))
	return b.Bytes(), err
}
