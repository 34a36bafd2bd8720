package pickle

import "strings"

// A List is a list, a tuple or a set.
type List struct {
	Items []any
	Kind  ListKind
}

// A ListKind is which of Python's sequences a List is.
type ListKind uint8

// The kinds of List.
const (
	PyList ListKind = iota
	PyTuple
	PySet
	PyFrozenSet
)

// A Map is a dict in its order.
type Map struct{ Items []Pair }

// A Pair is an entry of a Map.
type Pair struct{ Key, Value any }

// An Object is whatever a class or function of this name makes of Args and State.
// A class itself is an Object without either.
type Object struct {
	Class string // "module.name"; "storage" for the bytes of tensors
	Args  any
	State any
	Map   Map // what it was given as a dict, such as the items of an OrderedDict
}

// Get returns the value of a key that is a string, nil if there is none.
func (m *Map) Get(key string) any {
	if m == nil {
		return nil
	}
	for i := len(m.Items) - 1; i >= 0; i-- {
		if m.Items[i].Key == any(key) {
			return m.Items[i].Value
		}
	}
	return nil
}

// AsMap returns what is a dict of some class as a Map, nil for anything else.
func AsMap(v any) *Map {
	switch v := v.(type) {
	case *Map:
		return v
	case *Object:
		if len(v.Map.Items) > 0 || strings.HasSuffix(v.Class, "Dict") || strings.HasSuffix(v.Class, "dict") {
			return &v.Map
		}
	}
	return nil
}

// A Step is an opcode that was run for an outline.
type Step struct {
	Opcode string // as pickle.py calls it, such as "REDUCE"
	Code   byte
	Made   any   // the value that it pushed
	Into   any   // the value that it added to: a list, dict or object
	Taken  []any // the values that it took from the stack; valid during the step
}

// Outline returns what a pickle describes, without any class being known or called. It is for
// files that contain more than tensors and are not converted: a trainer's state, an optimizer,
// the shards of a rank. Its values are nil, bool, int64, float64, string (for bytes too),
// *List, *Map and *Object; they may be shared, and a hostile pickle may even put a list into
// itself. An int past 64 bits is an Object of the class int. watch, if it is not nil, is shown
// every opcode. Errors are a *fault.Fault without a file.
func Outline(src *Source, watch func(Step)) (any, error) {
	value, err := scan(src, &outliner{watch: watch})
	src.forget()
	return value, err
}
