package safetensors

import (
	"fmt"
	"io"
	"os"
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

// younger are dtypes of the format that the safetensors library does not know, and torch does.
var younger = map[string]tensor.DType{"F8_E4M3": tensor.Float8E4M3FN, "F8_E5M2": tensor.Float8E5M2, "C64": tensor.Complex64}

// DType returns the dtype that a header spells so, such as "BF16"; Invalid if there is none.
func DType(name string) tensor.DType {
	if dtype, known := dtypes[name]; known {
		return dtype
	}
	return younger[name]
}

// List returns what the header of a file says, sorted by name, also of tensors that Open refuses.
func List(f *os.File, file *tensor.File) ([]Listed, error) {
	n, err := headerLength(f, file)
	if err != nil {
		return nil, err
	}
	stored, err := decodeHeader(io.NewSectionReader(f, LengthSize, n))
	if err != nil {
		return nil, headerFault(file.Name, err)
	}
	var all []Listed
	for _, s := range stored {
		dtype := DType(s.dtype)
		l := Listed{Name: s.name, DType: s.dtype, Shape: s.shape, Bytes: s.end - s.begin}
		numel, ok := tensor.Product(s.shape)
		if !ok || l.Bytes < 0 {
			return nil, &fault.Fault{File: file.Name, Tensor: s.name, Problem: fmt.Sprintf("shape %s is impossible", tensor.ShapeString(s.shape))}
		}
		if dtype != tensor.Invalid {
			l.DType = dtype.String()
		}
		at := LengthSize + n + s.begin
		if dtype != tensor.Invalid && numel == l.Bytes/dtype.Size() && s.end <= file.Size-LengthSize-n {
			l.Tensor = &tensor.Tensor{Name: s.name, DType: dtype, Shape: s.shape, File: file, Offset: at}
		}
		all = append(all, l)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Name < all[j].Name })
	return all, nil
}
