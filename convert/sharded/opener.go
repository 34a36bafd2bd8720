package sharded

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

// An Opener opens the files of one checkpoint while their headers are read, and remembers
// which they were.
type Opener struct {
	Context  context.Context
	Dir      string                  // files are named relative to it
	Archives []Archive               // that Rank and Saved have opened
	files    map[string]*File        // open ones, by their paths
	known    map[string]*tensor.File // all that were opened, by their paths
}

// An Archive is what torch.save wrote: a whole file, or an item of a distributed checkpoint.
type Archive struct {
	File          *tensor.File
	Offset, Bytes int64 // in the file
}

// A File is an open file of a checkpoint.
type File struct {
	*os.File
	Source *tensor.File // as tensors in it name it
}

// Open opens a regular file, once. It is closed by Done or Close, for there may be more
// ranks than files that a process may have open.
func (o *Opener) Open(path string) (*File, error) {
	if f := o.files[path]; f != nil {
		return f, nil
	}
	handle, info, err := regular.Open(path)
	if err != nil {
		return nil, &fault.Fault{File: o.Name(path), Problem: "cannot be read: " + err.Error()}
	}
	if o.files == nil {
		o.files = map[string]*File{}
	}
	if o.known[path] == nil {
		o.Know(tensor.NewFile(path, o.Name(path), info))
	}
	f := &File{handle, o.known[path]}
	o.files[path] = f
	return f, nil
}

// Know adds a file whose header another has read, so that there is one tensor.File of each.
func (o *Opener) Know(file *tensor.File) {
	if o.known == nil {
		o.known = map[string]*tensor.File{}
	}
	o.known[file.Path] = file
}

// Sources returns the files that were opened, in the order of their names.
func (o *Opener) Sources() []*tensor.File {
	byName := func(a, b *tensor.File) int { return strings.Compare(a.Name, b.Name) }
	return slices.SortedFunc(maps.Values(o.known), byName)
}

// Done closes a file, if it is open.
func (o *Opener) Done(path string) {
	if f := o.files[path]; f != nil {
		f.Close()
		delete(o.files, path)
	}
}

// Close closes all files that are open.
func (o *Opener) Close() {
	for path := range o.files {
		o.Done(path)
	}
}

// Name is a path as messages call it: relative to the checkpoint.
func (o *Opener) Name(path string) string {
	if rel, err := filepath.Rel(o.Dir, path); err == nil {
		return filepath.ToSlash(rel)
	}
	return path
}

// Rank opens what the rank of that number, one of world, saved into a file.
func (o *Opener) Rank(path string, number, world int) (*Rank, error) {
	if err := o.Context.Err(); err != nil {
		return nil, context.Cause(o.Context)
	}
	f, err := o.Open(path)
	if err != nil {
		return nil, err
	}
	f.Source.Records = nil // a file may have been read before, to find out how many there are
	saved, err := o.Saved(f, 0, f.Source.Size)
	if err != nil {
		return nil, err
	}
	return &Rank{Number: number, World: world, Saved: saved, File: f}, nil
}

// Saved reads the outline of what torch.save wrote into size bytes of a file, from offset.
func (o *Opener) Saved(f *File, offset, size int64) (*torchfile.Saved, error) {
	o.Archives = append(o.Archives, Archive{f.Source, offset, size})
	return torchfile.OpenSaved(f, f.Source, offset, size, folder{})
}

// bytes reads a tensor of a few numbers.
func (r *Rank) bytes(t tensor.Tensor) ([]byte, error) {
	b := make([]byte, t.Bytes()) // the elements were seen to lie in the file
	if _, err := r.File.ReadAt(b, t.Offset); err != nil || !t.Contiguous() {
		return nil, &fault.Fault{File: r.File.Source.Name, Problem: "cannot be read"}
	}
	return b, nil
}
