package torchfile

import (
	"io"
)

// vocabulary is what a pickle may be made of beyond plain values.
type vocabulary struct {
	names   map[string]any // of modules and what is in them, and what each stands for here
	objects bool           // whether it may make objects of classes (NEWOBJ)
	builds  int            // how many objects may be given a state
	calls   int            // how many things may be called
}

// tensorWords are those of what torch.save writes for a dict of tensors.
var tensorWords = vocabulary{names: globals, builds: maxBuilds, calls: maxCalls}

// find is what gopickle asks for a class. The scan has refused other names before.
func (words *vocabulary) find(module, name string) (any, error) {
	class, ok := words.names[module+"."+name]
	if !ok {
		return nil, foreignNames([]string{module + "." + name})
	}
	return class, nil
}

// Words are what a pickle may name. Classes are made without arguments, which gives an
// *Instance; a function is called if it takes the arguments, which gives a *Call; names
// that are neither are themselves.
type Words struct {
	Classes   []Name
	Functions map[Name]func(args Tuple) bool
	Names     []Name
}

// Unpickle reads the pickle of size bytes in r, which may name nothing else than words.
// All that is not made of them is as gopickle gives it. Nothing is executed. Errors are a
// *fault.Fault without a file.
func Unpickle(r io.ReaderAt, size int64, known Words) (any, error) {
	words := vocabulary{names: map[string]any{}, objects: true, builds: maxObjects, calls: maxObjects}
	for _, name := range known.Names {
		words.names[string(name)] = name
	}
	for _, name := range known.Classes {
		words.names[string(name)] = class(name)
	}
	for name, takes := range known.Functions {
		words.names[string(name)] = callable{name, takes}
	}
	data, err := scanWords(newSource(r, 0, size), &words)
	if err == nil && int64(len(data)) != size {
		err = problem("%d bytes follow the pickle", size-int64(len(data)))
	}
	var value any
	if err == nil {
		value, err = words.unpickle(data, func(any) (any, error) {
			return nil, brokenPickle("a persistent id")
		})
	}
	if f := asFault(err); f != nil && isForeign(f) {
		f.Hint = "" // it is about files of tensors
		return nil, f
	}
	return value, err
}

// class is a Name that objects are made of.
type class Name

// PyNew is how gopickle makes an object of the class.
func (c class) PyNew(args ...any) (any, error) {
	if len(args) != 0 {
		return nil, brokenPickle("an object made with arguments")
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
		return nil, brokenPickle("a call of " + string(c.name) + " with arguments that it does not take")
	}
	return &Call{c.name, args}, nil
}

// PySetState is how gopickle gives the object its state.
func (o *Instance) PySetState(state any) error {
	if o.State != nil {
		return brokenPickle("an object that is given its state twice")
	}
	o.State = state
	return nil
}
