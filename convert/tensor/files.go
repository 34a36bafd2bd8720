package tensor

import (
	"errors"
	"fmt"
	"io"
	"os"

	"hf2olmo/convert/disk"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/regular"
)

// Files are the open weights files of one model. ReadAt may be called from many
// goroutines.
type Files struct {
	open map[*File]*os.File
	sums map[*File]*sums // of files that have checksums of their records
}

// OpenFiles opens every file that contains one of the tensors, and checks that each is
// still the file whose header was read.
func OpenFiles(tensors []Tensor) (*Files, error) {
	f := &Files{open: map[*File]*os.File{}, sums: map[*File]*sums{}}
	for i := range tensors {
		for _, part := range tensors[i].ownParts() {
			if err := f.add(part.File); err != nil {
				f.Close()
				return nil, err
			}
		}
	}
	return f, nil
}

// ownParts returns the tensors with a file of their own that t is made of.
func (t *Tensor) ownParts() []*Tensor {
	if t.Ordered != nil {
		var parts []*Tensor
		for _, of := range t.Ordered.Of {
			parts = append(parts, of.ownParts()...)
		}
		return parts
	}
	if t.Blocks == nil {
		return []*Tensor{t}
	}
	parts := make([]*Tensor, len(t.Blocks))
	for i := range t.Blocks {
		parts[i] = t.Blocks[i].Data
	}
	return parts
}

func (f *Files) add(file *File) error {
	if f.open[file] != nil {
		return nil
	}
	handle, _, err := regular.Open(file.Path)
	if err != nil {
		return &fault.Fault{File: file.Name, Problem: "cannot be opened: " + err.Error()}
	}
	f.open[file] = handle
	if s := newSums(file); s != nil {
		f.sums[file] = s
	}
	disk.ReadAhead(handle)
	return unchanged(file, handle)
}

// ReadAt fills p from the byte at off of file. Fewer bytes than that are an error
// that names the file: it was shortened since its header was read.
func (f *Files) ReadAt(file *File, p []byte, off int64) error {
	handle := f.open[file]
	n, err := handle.ReadAt(p, off)
	switch {
	case n == len(p):
		return nil
	case errors.Is(err, io.EOF):
		return &fault.Fault{File: file.Name, Problem: "became shorter while it was read",
			Expected: fmt.Sprintf("%d bytes", file.Size), Found: fmt.Sprintf("%d bytes", off+int64(n)),
			Hint: "Is the download still under way? Convert again when it is complete."}
	}
	return &fault.Fault{File: file.Name,
		Problem: fmt.Sprintf("cannot be read at byte %d: %s", off+int64(n), fault.Cause(err))}
}

// Clone makes the bytes at a place of a file those of a span, by sharing its blocks: see disk.Clone.
func (f *Files) Clone(out *os.File, at int64, s Span) error {
	return disk.Clone(out, f.open[s.File], at, s.Offset, s.Bytes)
}

// CanClone reports whether a file of this path could share blocks with the file of a span.
func (f *Files) CanClone(path string, s Span) bool {
	return disk.CanClone(path, f.open[s.File], s.Offset, ShareBlock)
}

// MayClone is CanClone as far as it is known without writing: see disk.MayClone.
func (f *Files) MayClone(path string, s Span) bool {
	return disk.MayClone(path, f.open[s.File], ShareBlock)
}

// Unchanged checks, after all was read, that no file was altered meanwhile.
func (f *Files) Unchanged() error {
	var faults fault.List
	for file, handle := range f.open {
		faults.Add(file.Name, unchanged(file, handle))
	}
	return faults.Err()
}

// Close closes all files.
func (f *Files) Close() {
	for _, handle := range f.open {
		handle.Close()
	}
}

func unchanged(file *File, handle *os.File) error {
	info, err := handle.Stat()
	if err != nil {
		return &fault.Fault{File: file.Name, Problem: fault.Cause(err)}
	}
	if info.Size() != file.Size || !info.ModTime().Equal(file.ModTime) {
		return &fault.Fault{File: file.Name, Problem: "was changed while it was read",
			Hint: "Convert again when nothing writes to the model."}
	}
	return nil
}
