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

// Unpickle reads the pickle of size bytes in r, which may name nothing but names and
// torch's dtypes. What it makes of the classes among names is an *Instance, what it calls
// is a *Call, a name by itself is a Name, and all else is as gopickle gives it.
// Nothing is executed. Errors are a *fault.Fault without a file.
func Unpickle(r io.ReaderAt, size int64, names []string) (any, error) {
	words := vocabulary{names: map[string]any{}, objects: true, builds: maxObjects, calls: maxObjects}
	for _, name := range names {
		words.names[name] = Name(name)
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

// PyNew is how gopickle makes an object of the class.
func (n Name) PyNew(args ...any) (any, error) {
	if len(args) != 0 {
		return nil, brokenPickle("an object made with arguments")
	}
	return &Instance{Class: n}, nil
}

// Call is how gopickle calls the function.
func (n Name) Call(args ...any) (any, error) { return &Call{n, args}, nil }

// PySetState is how gopickle gives the object its state.
func (o *Instance) PySetState(state any) error {
	if o.State != nil {
		return brokenPickle("an object that is given its state twice")
	}
	o.State = state
	return nil
}
