package safetensors

import (
	"fmt"
	"io"
	"sort"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/tensor"
)

// A Listed is what a header says of one tensor.
type Listed struct {
	Name   string
	DType  string // as torch calls it; as the header does if it is unknown
	Shape  []int64
	Bytes  int64
	Tensor *tensor.Tensor // nil if it cannot be read
}

// List returns what the header of a file says, sorted by name, also of tensors that Open refuses.
func List(r io.ReaderAt, file *tensor.File) ([]Listed, error) {
	h, err := readHeader(r, file)
	if err != nil {
		return nil, err
	}
	var all []Listed
	for _, s := range h.entries {
		dtype := DType(s.dtype)
		l := Listed{Name: s.name, DType: s.dtype, Shape: s.shape, Bytes: s.end - s.begin}
		numel, ok := tensor.Product(s.shape)
		if !ok || l.Bytes < 0 {
			return nil, &fault.Fault{File: file.Name, Tensor: s.name,
				Problem: fmt.Sprintf("shape %s is impossible", tensor.ShapeString(s.shape))}
		}
		if dtype != tensor.Invalid {
			l.DType = dtype.String()
		}
		if dtype != tensor.Invalid && numel == l.Bytes/dtype.Size() && s.end <= file.Size-h.start {
			l.Tensor = &tensor.Tensor{Name: s.name, DType: dtype, Shape: s.shape, File: file, Offset: h.start + s.begin}
		}
		all = append(all, l)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Name < all[j].Name })
	return all, nil
}
