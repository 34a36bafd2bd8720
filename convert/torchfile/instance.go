package torchfile

import (
	"fmt"
	"strings"
)

// Tuple is a Python tuple of values.
type Tuple []any

// Entries is a Python dict whose keys need not be strings, in its order. Nothing checks
// that no key stands twice.
type Entries []Entry

// Entry is one entry of Entries.
type Entry struct{ Key, Value any }

// Name is a class, function or constant that a pickle names by its module, such as
// "torch.float32".
type Name string

// Call is what a pickle has from calling Function. Nothing is ever called here.
type Call struct {
	Function Name
	Args     Tuple
}

// Instance is an instance of a Python class, made without arguments and given its
// State: mostly a dict of its attributes. Read from a pickle, State is a value of gopickle.
type Instance struct {
	Class Name
	State any
}

// Pickle returns v, which may be all that Item.Value may be and the types above, as a
// pickle of protocol 2. Tensors have no place in it.
func Pickle(v any) ([]byte, error) {
	data, storages, err := writePickle(v)
	if err == nil && len(storages) > 0 {
		err = fmt.Errorf("a tensor cannot be written outside of an archive")
	}
	return data, err
}

// object writes what is neither a tensor nor a plain value.
func (w *pickleWriter) object(v any) error {
	switch v := v.(type) {
	case Tuple:
		return w.tuple(v)
	case Entries:
		return w.pairs(v)
	case Name:
		return w.name(v)
	case *Call:
		if err := w.name(v.Function); err != nil {
			return err
		}
		if err := w.tuple(v.Args); err != nil {
			return err
		}
		w.op(opReduce)
		return nil
	case *Instance:
		if err := w.name(v.Class); err != nil {
			return err
		}
		w.op(opEmptyTuple, opNewObj)
		if err := w.value(v.State); err != nil {
			return err
		}
		w.op(opBuild)
		return nil
	}
	return fmt.Errorf("a %T cannot be written as a Python value", v)
}

func (w *pickleWriter) name(n Name) error {
	at := strings.LastIndexByte(string(n), '.')
	if at <= 0 || at == len(n)-1 || strings.ContainsAny(string(n), "\n\r") {
		return fmt.Errorf("%q is no name in a module", string(n))
	}
	w.global(string(n[:at]), string(n[at+1:]))
	return nil
}

func (w *pickleWriter) tuple(t Tuple) error {
	short := map[int]byte{1: opTuple1, 2: opTuple2, 3: opTuple3}[len(t)]
	switch {
	case len(t) == 0:
		w.op(opEmptyTuple)
		return nil
	case short == 0:
		w.op(opMark)
	}
	for _, v := range t {
		if err := w.value(v); err != nil {
			return err
		}
	}
	if short == 0 {
		short = opTuple
	}
	w.op(short)
	return nil
}

func (w *pickleWriter) pairs(p Entries) error {
	w.op(opEmptyDict)
	if len(p) == 0 {
		return nil
	}
	w.op(opMark)
	for _, pair := range p {
		if err := w.value(pair.Key); err != nil {
			return err
		}
		if err := w.value(pair.Value); err != nil {
			return err
		}
	}
	w.op(opSetItems)
	return nil
}
