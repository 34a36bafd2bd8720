package pickle

import "fmt"

// Dict is a Python dict in its order. It may contain no key twice.
type Dict []Item

// Item is one entry of a Dict. Value is an int64, bool, string, float64, nil (None), []any
// (a list of such values), a Dict, or one of the types below.
type Item struct {
	Key   string
	Value any
}

// Tuple is a Python tuple of values.
type Tuple []any

// Ints is a tuple of ints that is written between a mark and TUPLE whatever its length, as
// C code writes a shape.
type Ints []int64

// Entries is a Python dict whose keys need not be strings, in its order. Duplicate
// keys are not checked for.
type Entries []Entry

// Entry is one entry of Entries.
type Entry struct{ Key, Value any }

// Name is a class, function or constant that a pickle names by its module, such as
// "torch.float32".
type Name string

// Call is the result of calling Function, which Python does when it reads the pickle.
type Call struct {
	Function Name
	Args     Tuple
}

// Instance is an instance of a Python class, made without arguments and given its
// State: mostly a dict of its attributes, or nil for an object without any.
type Instance struct {
	Class Name
	State any
}

// Ref is an object outside of the pickle that is known by its ID, as storages of tensors are.
type Ref struct{ ID any }

// maxDepth is how deep a value may be nested that Value makes: settings of an optimizer
// are lists of dicts of lists.
const maxDepth = 8

// Value returns what an outlined value is written as: None, numbers, texts, and lists,
// tuples and dicts of them. Objects are an error.
func Value(outlined any) (any, error) { return value(outlined, 0) }

func value(outlined any, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("a value that is nested too deep")
	}
	switch v := outlined.(type) {
	case nil, bool, int64, float64, string:
		return v, nil
	case *List:
		values := make([]any, 0, len(v.Items))
		for _, item := range v.Items {
			made, err := value(item, depth+1)
			if err != nil {
				return nil, err
			}
			values = append(values, made)
		}
		if v.Kind == PyTuple {
			return Tuple(values), nil
		}
		return values, nil
	case *Map:
		var entries Entries
		for _, p := range v.Items {
			key, err := value(p.Key, depth+1)
			if err != nil {
				return nil, err
			}
			made, err := value(p.Value, depth+1)
			if err != nil {
				return nil, err
			}
			entries = append(entries, Entry{Key: key, Value: made})
		}
		return entries, nil
	case *Object:
		return nil, fmt.Errorf("an object of the class %s", v.Class)
	}
	return nil, fmt.Errorf("a value of an unknown kind")
}
