package pickle

import (
	"bytes"
	"errors"
	"strings"

	gopickle "github.com/nlpodyssey/gopickle/pickle"

	"hf2olmo/convert/fault"
)

// A Vocabulary is what a pickle may be made of beyond plain values.
type Vocabulary struct {
	// Names are all classes and functions that a pickle may name, each with its module, and
	// what each is here: gopickle calls those with a method Call, PyNew or PySetState, and
	// hands on all others.
	Names     map[string]any
	MaxBuilds int // OrderedDicts that are given a state; no other object is
	MaxCalls  int // calls of functions
	// Foreign is the fault of a pickle that names others, sorted as they were met. There may
	// be more than MaxForeign, of which the rest is unknown.
	Foreign func(names []string) *fault.Fault
}

// MaxForeign is how many names a message should list.
const MaxForeign = maxForeign - 1

// Scan reads one pickle up to its STOP, and returns its bytes once they are known to be safe
// to unpickle: only opcodes that torch writes, every name in the vocabulary, all bounds kept.
// Errors are a *fault.Fault without a file.
func (v *Vocabulary) Scan(src *Source) ([]byte, error) {
	a := &allowed{words: v, src: src}
	_, err := scan(src, a)
	switch {
	case len(a.foreign) > 0:
		return nil, v.Foreign(a.foreign)
	case err != nil:
		return nil, err
	}
	return src.forget(), nil
}

// Unpickle makes the value of a pickle that Scan has passed. Plain values are gopickle's: a
// Python int is an int or a *big.Int, a tuple, list and dict are a *types.Tuple, *types.List
// and *types.Dict. load resolves references to what is outside of the pickle (storages of
// tensors). Errors are load's, those of Names, or a *fault.Fault without a file.
func (v *Vocabulary) Unpickle(data []byte, load func(id any) (any, error)) (value any, err error) {
	// gopickle panics on some types where it expects others.
	defer func() {
		if recover() != nil {
			value, err = nil, wrongTypes()
		}
	}()
	u := gopickle.NewUnpickler(bytes.NewReader(data))
	u.FindClass = v.find
	u.PersistentLoad = load
	value, err = u.Load()
	if known := (*fault.Fault)(nil); err != nil && !errors.As(err, &known) {
		// gopickle's own words contain addresses, which differ from run to run.
		return nil, wrongTypes()
	}
	return value, err
}

// find gives a class to gopickle. Scan has refused all other names.
func (v *Vocabulary) find(module, name string) (any, error) {
	class, ok := v.Names[module+"."+name]
	if !ok {
		return nil, v.Foreign([]string{module + "." + name})
	}
	return class, nil
}

func wrongTypes() error { return Broken("objects of the wrong types") }

// ForeignNames joins names for a message, and says if there are more of them.
func ForeignNames(names []string) string {
	if len(names) > MaxForeign {
		return strings.Join(names[:MaxForeign], ", ") + " and more"
	}
	return strings.Join(names, ", ")
}
