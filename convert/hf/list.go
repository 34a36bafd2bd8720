package hf

import (
	"strings"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/safetensors"
	"hf2olmo/convert/tensor"
)

// A Listing is what the headers of a model say, also of one that Open refuses: of a
// family that no table takes, quantized, or with half of its files.
type Listing struct {
	Config   map[string]any // nil if there is no config.json that can be read
	Entries  []Entry        // in the order of the files, then of the names
	Warnings []string       // what Open would refuse
}

// An Entry is a tensor as its file's header has it.
type Entry struct {
	Name   string
	DType  string // torch's name, or the file's own if torch has no name for it
	Shape  []int64
	Bytes  int64
	File   *tensor.File
	Tensor *tensor.Tensor // nil if its elements cannot be read
}

// List reads the headers of what Open would open, or of one shard alone. What is wrong is a
// warning as long as some tensors are found.
func List(path string, options ...Option) (*Listing, error) {
	o, bad := newOpening(path, options)
	if bad != nil {
		return nil, fault.List{bad}
	}
	l := &Listing{}
	if o.config.names[configName] {
		if l.Config, bad = o.config.readObject(configName); bad != nil {
			o.add(bad)
		}
		o.model.Config = l.Config
	}
	if o.folder.run != nil {
		o.readRun()
		l.Entries = entriesOf(o.model.Tensors)
	}
	for _, name := range o.listed() {
		entries, err := o.listFile(name)
		if err != nil {
			o.addAll(name, err)
		}
		l.Entries = append(l.Entries, entries...)
	}
	if len(l.Entries) == 0 {
		if bad := notAModel(o.folder); bad != nil {
			return nil, fault.List{bad}
		}
		if err := o.faults.Err(); err != nil {
			return nil, err
		}
		return nil, fault.List{{File: path, Problem: "contains no tensors"}}
	}
	if len(o.faults) > 0 {
		l.Warnings = strings.Split(o.faults.Error(), "\n")
	}
	return l, nil
}

// listed returns the files to list, whatever is wrong with them.
func (o *opening) listed() []string {
	d := o.folder
	if d.run != nil {
		return nil
	}
	if d.weights != "" {
		return []string{d.weights}
	}
	c := chooser{d, o.model.Config, o.warn}
	weights, bad := c.choose()
	switch {
	case bad == nil && weights.isIndex:
		x := o.readIndex(weights.name)
		if x == nil {
			break
		}
		f := x.lost(d)
		if f != nil {
			o.add(f)
		}
		if f == nil || f.Lead { // else the index is stale, and the shards beside it are listed
			return x.files()
		}
	case bad == nil:
		return []string{weights.name}
	}
	var all []string
	for _, name := range sortedNames(d.names) {
		if isWeightsName(name) && !beside(name) && !isDir(d.path(name)) {
			all = append(all, name)
		}
	}
	if len(all) == 0 && bad != nil {
		o.add(bad)
	}
	return all
}

// listFile reads a file as Open does, or if that fails as a safetensors file whose tensors
// may be of any dtype and need not all be there.
func (o *opening) listFile(name string) ([]Entry, error) {
	f, file, bad := o.folder.openWeights(name)
	if bad != nil {
		return nil, bad
	}
	defer f.Close()
	tensors, err := readContent(f, file)
	if err != nil {
		listed, err2 := safetensors.List(f, file)
		if err2 != nil {
			return nil, err
		}
		entries := make([]Entry, len(listed))
		for i, l := range listed {
			entries[i] = Entry{l.Name, l.DType, l.Shape, l.Bytes, file, l.Tensor}
		}
		return entries, unlessUnsupported(err, entries)
	}
	return entriesOf(tensors), nil
}

func entriesOf(tensors []tensor.Tensor) []Entry {
	entries := make([]Entry, len(tensors))
	for i := range tensors {
		t := &tensors[i]
		entries[i] = Entry{t.Name, t.DType.String(), t.Shape, t.Bytes(), t.File, t}
	}
	return entries
}

// unlessUnsupported returns err, unless it is only that dtypes occur which are not
// converted: the listing shows them.
func unlessUnsupported(err error, entries []Entry) error {
	for _, e := range entries {
		if e.Tensor == nil {
			return err
		}
	}
	var l fault.List
	l.Add("", err)
	for _, f := range l {
		if !f.Unsupported {
			return err
		}
	}
	return nil
}
