package pickle

import (
	"io"

	"hf2olmo/convert/fault"
)

// Words are a vocabulary whose objects are wanted as they are. Classes are made without
// arguments, which gives an *Instance; a function is called if it takes the arguments, which
// gives a *Call; names that are neither are themselves.
type Words struct {
	Classes   []Name
	Functions map[Name]func(args Tuple) bool
	Names     []Name
}

// Unpickle reads the pickle of size bytes in r, which may name nothing else than words.
// All that is not made of them is as gopickle gives it, see [Vocabulary.Unpickle]. Nothing is
// executed. Errors are a *fault.Fault without a file.
func Unpickle(r io.ReaderAt, size int64, words Words) (any, error) {
	v := words.vocabulary()
	data, err := v.Scan(NewSource(r, 0, size))
	if err != nil {
		return nil, err
	}
	if rest := size - int64(len(data)); rest > 0 {
		return nil, problem("%d bytes follow the pickle", rest)
	}
	return v.Unpickle(data, func(any) (any, error) { return nil, Broken("a persistent id") })
}

func (words *Words) vocabulary() *Vocabulary {
	v := &Vocabulary{Names: map[string]any{}, Objects: true, MaxBuilds: maxObjects, MaxCalls: maxObjects,
		Foreign: func(names []string) *fault.Fault {
			return problem("the file contains Python objects other than tensors: it names %s", ForeignNames(names))
		}}
	for _, name := range words.Names {
		v.Names[string(name)] = name
	}
	for _, name := range words.Classes {
		v.Names[string(name)] = class(name)
	}
	for name, takes := range words.Functions {
		v.Names[string(name)] = callable{name, takes}
	}
	return v
}

// class is a Name that objects are made of.
type class Name

// PyNew is how gopickle makes an object of the class.
func (c class) PyNew(args ...any) (any, error) {
	if len(args) != 0 {
		return nil, Broken("an object made with arguments")
	}
	return &Instance{Class: Name(c)}, nil
}

// callable is a Name that is called.
type callable struct {
	name  Name
	takes func(args Tuple) bool
}

// Call is how gopickle calls the function.
func (c callable) Call(args ...any) (any, error) {
	if !c.takes(args) {
		return nil, Broken("a call of " + string(c.name) + " with arguments that it does not take")
	}
	return &Call{c.name, args}, nil
}

// PySetState is how gopickle gives the object its state.
func (o *Instance) PySetState(state any) error {
	if o.State != nil {
		return Broken("an object that is given its state twice")
	}
	o.State = state
	return nil
}
