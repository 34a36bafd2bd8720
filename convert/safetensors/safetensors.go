// Package safetensors reads the headers of safetensors files: which tensors there are,
// and where their bytes lie. The library judges a file as the reference does; what it
// does not say (which tensor, a name twice) is read here.
package safetensors

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime/debug"
	"sort"

	"github.com/go-json-experiment/json/jsontext"
	library "github.com/nlpodyssey/safetensors"
	"hf2olmo/convert/disk"
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

// Open returns the tensors of a safetensors file, sorted by name. No tensor's bytes are
// read. Path, Name and Size of file are filled already; file becomes the tensors' File.
func Open(f *os.File, file *tensor.File) ([]tensor.Tensor, error) {
	n, err := headerLength(f, file)
	if err != nil {
		return nil, err
	}
	entries, err := decodeHeader(io.NewSectionReader(f, LengthSize, n))
	if err != nil {
		return nil, headerFault(file.Name, err)
	}
	if err := checkEntries(entries, file, file.Size-LengthSize-n); err != nil {
		return nil, err
	}
	infos, err := validate(f, file.Size)
	if err == nil && len(infos) != len(entries) {
		err = errors.New("two readings of its header differ")
	}
	if err != nil {
		return nil, &fault.Fault{File: file.Name, Problem: err.Error()}
	}
	tensors := make([]tensor.Tensor, 0, len(infos))
	for name, info := range infos {
		t := tensor.Tensor{Name: name, DType: dtypes[info.DType.String()], Shape: make([]int64, len(info.Shape)),
			File: file, Offset: LengthSize + n + int64(info.DataOffsets[0])}
		for i, size := range info.Shape {
			t.Shape[i] = int64(size)
		}
		tensors = append(tensors, t)
	}
	sort.Slice(tensors, func(i, j int) bool { return tensors[i].Name < tensors[j].Name })
	return tensors, nil
}

// headerLength reads the first eight bytes and makes sure that a header can follow.
func headerLength(f io.ReaderAt, file *tensor.File) (int64, error) {
	const format = "is not a safetensors file"
	head := make([]byte, LengthSize+1)
	got, err := f.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return 0, &fault.Fault{File: file.Name, Problem: jsonfile.Bare(err).Error()}
	}
	if got < LengthSize {
		return 0, &fault.Fault{File: file.Name, Problem: format, Expected: "at least 8 bytes", Found: fmt.Sprintf("%d", got)}
	}
	n := binary.LittleEndian.Uint64(head)
	switch {
	case n > maxHeader:
		return 0, &fault.Fault{File: file.Name, Problem: format + ": its first eight bytes are no header's length"}
	case n < 2:
		return 0, &fault.Fault{File: file.Name, Problem: fmt.Sprintf("%s: a header of %d bytes says nothing", format, n)}
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
	return &fault.Fault{File: file.Name, Problem: "is truncated", Expected: fmt.Sprintf("%d bytes", want), Found: fmt.Sprintf("%d", file.Size)}
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
		problem = fmt.Sprintf("name %q stands twice", syntax.JSONPointer.LastToken())
	case errors.As(err, &syntax):
		problem = fmt.Sprintf("not valid JSON: %v at byte %d", syntax.Err, LengthSize+syntax.ByteOffset)
	}
	return &fault.Fault{File: name, Problem: "header: " + problem}
}

// validate has the safetensors library judge the whole file, which it wants in
// memory: it is mapped there, and only the pages of the header are ever touched.
func validate(f *os.File, size int64) (infos map[string]*library.TensorInfo, err error) {
	if size > math.MaxInt {
		return nil, errors.New("is too large for this machine")
	}
	data, unmap, err := disk.Map(f, int(size))
	if err != nil {
		return nil, fmt.Errorf("cannot be mapped into memory: %w", err)
	}
	defer func() {
		if r := recover(); r != nil { // SIGBUS: the file was cut short, or its disk failed
			infos, err = nil, fmt.Errorf("changed while it was read: %v", r)
		}
		unmap()
	}()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	_, metadata, err := library.ReadMetadata(data)
	return metadata.Tensors(), err
}
