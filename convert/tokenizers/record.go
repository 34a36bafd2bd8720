package tokenizers

import (
	"errors"
	"fmt"
)

// A record is a struct of serde.
type record struct {
	tag    string // what its field "type" must be, "" if that is not looked at
	fields []field
	flat   bool                // serde flattens it: then it is never written as a list
	rule   func(members) error // beside the fields' shapes; nil for none
}

type field struct {
	name  string
	shape shape
	need  need
}

// has is a field that is always there.
func has(name string, s shape) field { return field{name, s, always} }

// need says if a field may be missing.
type need int

const (
	always  need = iota
	inLists      // an object may leave it out: it may be null
	never        // it has a default
)

func (r record) all() []field {
	if r.tag == "" {
		return r.fields
	}
	return append([]field{has("type", oneOf(r.tag))}, r.fields...)
}

// check is the record's shape.
func (r record) check(v any) error {
	switch v := v.(type) {
	case members:
		return r.checkObject(v)
	case []any:
		if !r.flat {
			return r.checkList(v)
		}
	}
	return errors.New("is not an object")
}

func (r record) checkObject(object members) error {
	for _, f := range r.all() {
		seen := false
		for _, m := range object {
			if m.key != f.name {
				continue
			}
			if seen {
				return fmt.Errorf("has %s twice", f.name)
			}
			seen = true
			if err := f.shape(m.value); err != nil {
				return fmt.Errorf("%s %w", f.name, err)
			}
		}
		if !seen && f.need == always {
			return fmt.Errorf("has no %s", f.name)
		}
	}
	if r.rule != nil {
		return r.rule(object)
	}
	return nil
}

// checkList is for a struct that is written as the list of its fields.
func (r record) checkList(list []any) error {
	var object members
	for _, f := range r.all() {
		if len(list) == 0 {
			if f.need != never {
				return fmt.Errorf("has no %s", f.name)
			}
			continue
		}
		object = append(object, member{f.name, list[0]})
		list = list[1:]
	}
	if len(list) > 0 {
		return errors.New("has too many elements")
	}
	return r.checkObject(object)
}

// A part is one of the kinds of a section such as pre_tokenizer.
type part struct {
	name   string // by which "type" chooses it
	shape  shape
	chosen bool // whether it is only read if "type" chooses it
}

// onePart is the shape of a section: by its "type", or, in files older than that, by whichever
// part it fits.
func onePart(parts func() []part) shape {
	return func(v any) error {
		v, tagged := lastWins(v), typeOf(v)
		for _, p := range parts() {
			if tagged == p.name {
				return p.shape(v)
			}
		}
		for _, p := range parts() {
			if !p.chosen && p.shape(v) == nil {
				return nil
			}
		}
		if tagged != "" {
			return fmt.Errorf("has a type that is not known: %.80q", tagged)
		}
		return errors.New("is nothing that is known")
	}
}

// typeOf is the one "type" of an object, "" if it has none or two.
func typeOf(v any) string {
	object, _ := v.(members)
	var name string
	seen := false
	for _, m := range object {
		if m.key == "type" {
			if seen {
				return ""
			}
			name, _ = oneName(m.value)
			seen = true
		}
	}
	return name
}
