package dcp

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

// A Checkpoint is a folder whose index and items have been read, their headers only.
type Checkpoint struct {
	Metadata
	// Parts are the items of each tensor, in the order of its chunks. Their names are empty.
	Parts [][]tensor.Tensor
	Bytes int64          // of all files that the index names
	Files []*tensor.File // in the order of their names, .metadata among them
}

// Open reads the index of the checkpoint in dir and the header of every item, and
// checks that chunks make up their tensors and that items hold what the index says.
// The error is a fault.List with all that is wrong; files are called by their names in dir.
func Open(dir string) (*Checkpoint, error) {
	o := opening{dir: dir, files: map[string]*opened{}, items: map[location]*tensor.Tensor{}}
	defer o.close()
	m, err := o.metadata()
	if err != nil {
		return nil, err
	}
	c := &Checkpoint{Metadata: *m}
	var faults fault.List
	faults.Add("", m.Check())
	for i := range m.Tensors {
		t := &m.Tensors[i]
		parts := make([]tensor.Tensor, len(t.Chunks))
		for k := range t.Chunks {
			faults.Add(t.Chunks[k].File, o.item(&parts[k], t, &t.Chunks[k]))
		}
		c.Parts = append(c.Parts, parts)
	}
	for _, name := range slices.Sorted(maps.Keys(o.files)) {
		f := o.files[name]
		faults.Add(name, f.err)
		if f.file != nil {
			c.Bytes += f.file.Size
			c.Files = append(c.Files, f.file)
		}
	}
	return c, faults.Err()
}

// OpenIndex reads the index of the checkpoint in dir, and nothing of its items.
func OpenIndex(dir string) (*Metadata, error) {
	o := opening{dir: dir, files: map[string]*opened{}}
	defer o.close()
	return o.metadata()
}

// Reach returns how many bytes of each file the items of the index reach.
func (m *Metadata) Reach() map[string]int64 {
	reach := map[string]int64{}
	for i := range m.Tensors {
		for _, chunk := range m.Tensors[i].Chunks {
			reach[chunk.File] = max(reach[chunk.File], chunk.Offset+chunk.Bytes)
		}
	}
	for _, blob := range m.Blobs {
		reach[blob.File] = max(reach[blob.File], blob.Offset+blob.Bytes)
	}
	return reach
}

// CheckFiles reads the index of the checkpoint in dir and checks that every file that it names is there, and
// no shorter than its items need. The error is a fault.List.
func CheckFiles(dir string) error {
	m, err := OpenIndex(dir)
	if err != nil {
		return err
	}
	var faults fault.List
	reach := m.Reach()
	for _, name := range slices.Sorted(maps.Keys(reach)) {
		info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name)))
		switch {
		case err != nil:
			faults = append(faults, &fault.Fault{File: name, Problem: "does not exist", Hint: copyWhole})
		case info.Size() < reach[name]:
			faults = append(faults, &fault.Fault{File: name, Problem: "is not complete",
				Expected: fault.Bytes(reach[name]), Found: fault.Bytes(info.Size()), Hint: copyAgain})
		}
	}
	return faults.Err()
}

// What to do about a file that is not there, or not whole.
const (
	copyWhole = "Copy the checkpoint whole: every rank wrote its own files."
	copyAgain = "The file is not complete: copy the checkpoint again."
)

// opening holds the files that are open while a checkpoint is read.
type opening struct {
	dir   string
	files map[string]*opened
	items map[location]*tensor.Tensor // those that were read: tied tensors name the same
}

type opened struct {
	handle *os.File
	file   *tensor.File
	err    error
}

type location struct {
	file   string
	offset int64
}

func (o *opening) close() {
	for _, f := range o.files {
		f.handle.Close()
	}
}

func (o *opening) metadata() (*Metadata, error) {
	f := o.open(MetadataFile)
	if f.err != nil {
		return nil, f.err
	}
	return ReadMetadata(f.handle, f.file.Size)
}

// open opens a file of the checkpoint, once. It must be a regular file.
func (o *opening) open(name string) *opened {
	if f := o.files[name]; f != nil {
		return f
	}
	f := &opened{}
	o.files[name] = f
	path := filepath.Join(o.dir, filepath.FromSlash(name))
	handle, info, err := regular.Open(path)
	if err != nil {
		bad := &fault.Fault{File: name, Problem: "cannot be read: " + err.Error()}
		if errors.Is(err, fs.ErrNotExist) {
			bad.Problem, bad.Hint = "does not exist", copyWhole
		}
		f.err = bad
		return f
	}
	f.handle = handle
	f.file = tensor.NewFile(path, name, info)
	return f
}

// ofItem names the tensor in what is wrong with an item: a file has many of them.
func ofItem(name, file string, err error) error {
	var faults fault.List
	faults.Add(file, err)
	for _, f := range faults {
		if f.Tensor == "" {
			f.Tensor = name
		}
	}
	return faults
}

// item reads the header of the item with a chunk into part, which is kept for other tensors
// that name the same item.
func (o *opening) item(part *tensor.Tensor, t *Tensor, c *Chunk) error {
	at := location{c.File, c.Offset}
	if known := o.items[at]; known != nil {
		*part = *known
	} else {
		f := o.open(c.File)
		if f.err != nil {
			return nil // Open reports a file once, not once per item
		}
		if c.Offset > f.file.Size || c.Bytes > f.file.Size-c.Offset {
			return &fault.Fault{File: c.File, Tensor: t.Name, Problem: "ends before an item that the index names",
				Expected: fmt.Sprintf("%d bytes from byte %d", c.Bytes, c.Offset), Found: fmt.Sprintf("%d bytes", f.file.Size),
				Hint: copyAgain}
		}
		var err error
		if *part, err = torchfile.OpenItem(f.handle, f.file, t.Name, c.Offset, c.Bytes); err != nil {
			return ofItem(t.Name, c.File, err)
		}
		o.items[at] = part
	}
	if part.DType != t.DType || !slices.Equal(part.Shape, c.Shape) {
		return &fault.Fault{File: c.File, Tensor: t.Name, Problem: "contains something else than the index says",
			Expected: fmt.Sprintf("%s %s", t.DType, tensor.ShapeString(c.Shape)),
			Found:    fmt.Sprintf("%s %s", part.DType, tensor.ShapeString(part.Shape))}
	}
	part.Shape = c.Shape // one copy of it is enough
	return nil
}
