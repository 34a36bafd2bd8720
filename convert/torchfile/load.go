package torchfile

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"hf2olmo/convert/pickle"
)

// Loaded is what torch.load makes of a file, as far as its headers show. Open reads only what
// torch writes; Load follows torch 2.13, which reads more than that in places, and less in others.
type Loaded struct {
	// Value is an outline, in which a tensor is an Object of one of torch's rebuild functions.
	Value any
	// Names are the classes and functions that the pickle names, sorted.
	Names []string
	// Refused is why torch.load stops if weights_only is true, as it is by default. It is
	// empty if torch.load reads the file. With weights_only=False it reads the file wherever
	// Names can be imported.
	Refused string
	// Protocol reports whether it was saved with another pickle protocol than torch's own, 2,
	// which is a reason for Refused.
	Protocol bool
	// Unusual is what no torch.save writes and torch.load still reads, such as compressed
	// entries. Open refuses such a file.
	Unusual []string
	// Bytes are those of the pickles that were read.
	Bytes int64
}

// A LoadError says why torch.load stops, whatever its arguments are. Any other error of Load
// means that it is not known what torch.load does.
type LoadError struct {
	Problem string // what is wrong with the file
	Says    string // the type of torch's exception, and its words
	Program bool   // whether the file is a program in place of weights
}

func (e *LoadError) Error() string { return e.Problem }

func stops(says, problem string, args ...any) error {
	return &LoadError{Problem: fmt.Sprintf(problem, args...), Says: says}
}

// Load reads the headers of a file of size bytes. No tensor bytes are read.
func Load(r io.ReaderAt, size int64) (*Loaded, error) {
	head, err := readHead(r, size)
	switch {
	case err != nil:
		return nil, err
	case size == 0:
		return nil, stops("EOFError", "the file is empty")
	case isZip(head):
		return loadZip(r, size)
	case isLegacy(head):
		return loadLegacy(r, size)
	case len(head) > 262 && string(head[257:262]) == "ustar":
		return nil, notTorch(head, size)
	case isPickle(head):
		return nil, stops("RuntimeError: Invalid magic number; corrupt file?",
			"is a plain pickle, not a file that torch.save wrote")
	}
	f := notTorch(head, size)
	problem := f.Problem
	if f.Found != "" {
		problem += ", but " + f.Found
	}
	return nil, stops("UnpicklingError: Weights only load failed (or invalid load key)", "%s", problem)
}

// loading is one run of torch.load.
type loading struct {
	names    map[string]bool
	protocol bool
	bytes    int64
	storages map[string]loadedStorage
	refused  string // the first reason why weights_only stops
	unsure   string // something that torch may read differently
	stops    error
}

func newLoading() *loading {
	return &loading{names: map[string]bool{}, storages: map[string]loadedStorage{}}
}

// read reads one pickle from src.
func (l *loading) read(src *pickle.Source) (any, error) {
	from := src.Offset()
	defer func() { l.bytes += src.Offset() - from }()
	return pickle.Outline(src, l.watch)
}

// done is the result once all is read.
func (l *loading) done(value any) (*Loaded, error) {
	switch {
	case l.stops != nil:
		return nil, l.stops
	case l.unsure != "" && l.refused == "":
		return nil, problem("%s", l.unsure)
	}
	return &Loaded{Value: value, Names: slices.Sorted(maps.Keys(l.names)), Refused: l.refused,
		Protocol: l.protocol, Bytes: l.bytes}, nil
}

func (l *loading) refuse(format string, args ...any) {
	if l.refused == "" {
		l.refused = fmt.Sprintf(format, args...)
	}
}
