package torchfile

import "fmt"

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
		if v.Tuple() {
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
