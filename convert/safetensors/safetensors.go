// Package safetensors reads the headers of safetensors files: which tensors there are,
// and where their bytes are. A header is read and checked here, so that a message says
// which tensor is wrong and a name that occurs twice is refused; then the safetensors library
// reads it as the reference implementation does, and both readings must agree.
package safetensors

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	library "github.com/nlpodyssey/safetensors"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/jsonfile"
	"hf2olmo/convert/tensor"
)

// A safetensors file is the length of its header in eight bytes, little-endian, the
// header in JSON, and the tensors' bytes.
const (
	LengthSize = 8        // bytes of the number before the header
	maxHeader  = 24 << 20 // bytes; the format allows four times that, a tensor needs 100 to 200
)

// headerLimits: a header has four members for each tensor.
var headerLimits = jsonfile.Limits{Bytes: maxHeader, Members: 4 * tensor.MaxTensors, Values: 10 * tensor.MaxTensors}

// Open returns the tensors of a safetensors file, which r reads, sorted by name. No tensor's
// bytes are read. Path, Name and Size of file are filled already; file becomes the tensors'
// File. Errors are a *fault.Fault or a fault.List that name the file.
func Open(r io.ReaderAt, file *tensor.File) ([]tensor.Tensor, error) {
	h, err := readHeader(r, file)
	if err != nil {
		return nil, err
	}
	if err := checkEntries(h.entries, file, file.Size-h.start); err != nil {
		return nil, err
	}
	if err := h.compare(r); err != nil {
		return nil, &fault.Fault{File: file.Name, Problem: err.Error()}
	}
	tensors := make([]tensor.Tensor, 0, len(h.entries))
	for i := range h.entries {
		e := &h.entries[i]
		tensors = append(tensors, tensor.Tensor{Name: e.name, DType: dtypes[e.dtype], Shape: e.shape,
			File: file, Offset: h.start + e.begin})
	}
	slices.SortFunc(tensors, func(a, b tensor.Tensor) int { return strings.Compare(a.Name, b.Name) })
	return tensors, nil
}

// A header is a file's header and where the tensors' bytes start.
type header struct {
	entries []entry
	start   int64
}

// readHeader reads the header of a file, of which nothing is checked but its form.
func readHeader(r io.ReaderAt, file *tensor.File) (*header, error) {
	n, err := headerLength(r, file)
	if err != nil {
		return nil, err
	}
	entries, err := decodeHeader(io.NewSectionReader(r, LengthSize, n))
	if err != nil {
		return nil, headerFault(file.Name, err)
	}
	return &header{entries, LengthSize + n}, nil
}

// headerLength reads the first eight bytes and makes sure that a header can follow.
func headerLength(r io.ReaderAt, file *tensor.File) (int64, error) {
	const format = "is not a safetensors file"
	head := make([]byte, LengthSize+1)
	got, err := r.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return 0, &fault.Fault{File: file.Name, Problem: jsonfile.Bare(err).Error()}
	}
	if got < LengthSize {
		return 0, &fault.Fault{File: file.Name, Problem: format, Expected: "at least 8 bytes", Found: fmt.Sprintf("%d", got)}
	}
	n := binary.LittleEndian.Uint64(head)
	switch {
	case n > maxHeader:
		return 0, &fault.Fault{File: file.Name, Problem: format + ": its first eight bytes are not the length of a header"}
	case n < 2:
		return 0, &fault.Fault{File: file.Name, Problem: fmt.Sprintf("%s: a header of %d bytes is too short", format, n)}
	case got > LengthSize && head[LengthSize] != '{':
		return 0, &fault.Fault{File: file.Name, Problem: format + ": no JSON object follows its first eight bytes"}
	case int64(n) > file.Size-LengthSize:
		t := truncated(file, LengthSize+int64(n))
		t.Expected = "at least " + t.Expected
		return 0, t
	}
	return int64(n), nil
}

// truncated is the fault of a file that should have want bytes and has fewer.
func truncated(file *tensor.File, want int64) *fault.Fault {
	return &fault.Fault{File: file.Name, Problem: "is truncated", Expected: fmt.Sprintf("%d bytes", want),
		Found: fmt.Sprintf("%d", file.Size)}
}

// headerFault words an error of decodeHeader; a header is one line, so it counts bytes.
func headerFault(name string, err error) *fault.Fault {
	var syntax *jsontext.SyntacticError
	var shape *jsonfile.ShapeError
	problem := jsonfile.Bare(err).Error()
	switch {
	case errors.As(err, &shape):
		problem = shape.Text
	case errors.Is(err, jsontext.ErrDuplicateName) && errors.As(err, &syntax):
		problem = fmt.Sprintf("name %q appears twice", syntax.JSONPointer.LastToken())
	case errors.As(err, &syntax):
		problem = fmt.Sprintf("not valid JSON: %v at byte %d", syntax.Err, LengthSize+syntax.ByteOffset)
	}
	return &fault.Fault{File: name, Problem: "header: " + problem}
}

// compare has the safetensors library read the header, which must find the same in it.
func (h *header) compare(r io.ReaderAt) error {
	text := make([]byte, h.start-LengthSize) // it was read before, so it is there
	if n, err := r.ReadAt(text, LengthSize); n < len(text) && err != io.EOF {
		return fmt.Errorf("cannot be read: %w", jsonfile.Bare(err))
	} else if n < len(text) {
		return errors.New("became shorter while it was read")
	}
	var metadata library.Metadata
	if err := metadata.UnmarshalJSON(text); err != nil {
		return err
	}
	infos := metadata.Tensors()
	same := len(infos) == len(h.entries)
	for i := 0; same && i < len(h.entries); i++ {
		e := &h.entries[i]
		info := infos[e.name]
		same = info != nil && info.DType.String() == e.dtype &&
			info.DataOffsets == [2]uint64{uint64(e.begin), uint64(e.end)} &&
			slices.EqualFunc(info.Shape, e.shape, func(a uint64, b int64) bool { return a == uint64(b) })
	}
	if !same {
		return errors.New("two readings of its header differ")
	}
	return nil
}
