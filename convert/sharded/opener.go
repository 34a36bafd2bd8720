package sharded

import (
	"context"
	"os"
	"path/filepath"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

// An Opener opens the files of one checkpoint while their headers are read.
type Opener struct {
	Context context.Context
	Dir     string           // files are named relative to it
	files   map[string]*File // by their paths
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
	f := &File{handle, &tensor.File{Path: path, Name: o.Name(path), Size: info.Size(), ModTime: info.ModTime(), Info: info}}
	if o.files == nil {
		o.files = map[string]*File{}
	}
	o.files[path] = f
	return f, nil
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
	saved, err := torchfile.OpenSaved(f, f.Source, 0, f.Source.Size)
	if err != nil {
		return nil, err
	}
	return &Rank{Number: number, World: world, Saved: saved, File: f}, nil
}

// bytes reads a tensor of a few numbers.
func (r *Rank) bytes(t tensor.Tensor) ([]byte, error) {
	b := make([]byte, t.Bytes()) // the elements were seen to lie in the file
	if _, err := r.File.ReadAt(b, t.Offset); err != nil || !t.Contiguous() {
		return nil, &fault.Fault{File: r.File.Source.Name, Problem: "cannot be read"}
	}
	return b, nil
}
