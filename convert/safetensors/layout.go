package safetensors

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"hf2olmo/convert/tensor"
)

// An Entry is a tensor that a file is to contain.
type Entry struct {
	Name  string
	DType tensor.DType
	Shape []int64
}

// bytes returns the size of the elements.
func (e *Entry) bytes() int64 {
	t := tensor.Tensor{DType: e.DType, Shape: e.Shape}
	return t.Bytes()
}

// A Layout is a file of which everything is known but the elements of its tensors, which
// follow the header in one piece.
type Layout struct {
	Header  []byte  // with its length in front
	Offsets []int64 // of each entry's elements in the file
	Size    int64   // bytes
}

// align is what the header's length is a multiple of, so that the elements are aligned.
const align = 8

// Plan lays out a file with these tensors. They are laid in the order in which the library
// lays them: larger types first, so that each tensor is aligned, then by name. Its metadata
// says that torch's tensors are in it, as transformers expects.
func Plan(entries []Entry) (*Layout, error) {
	order := make([]int, len(entries))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		if x, y := entries[a].DType.Size(), entries[b].DType.Size(); x != y {
			return int(y - x)
		}
		return strings.Compare(entries[a].Name, entries[b].Name)
	})
	l := &Layout{Offsets: make([]int64, len(entries))}
	text := []byte(`{"__metadata__":{"format":"pt"}`)
	for _, i := range order {
		e := &entries[i]
		dtype := dtypeName(e.DType)
		name, err := jsontext.AppendQuote(nil, e.Name)
		if err != nil || dtype == "" {
			return nil, fmt.Errorf("%s: a %s of this name cannot be in a safetensors file", e.Name, e.DType)
		}
		l.Offsets[i] = l.Size
		l.Size += e.bytes()
		text = fmt.Appendf(text, `,%s:{"dtype":"%s","shape":%s,"data_offsets":[%d,%d]}`, name, dtype,
			strings.ReplaceAll(tensor.ShapeString(e.Shape), " ", ""), l.Offsets[i], l.Size)
	}
	text = append(text, '}')
	for len(text)%align != 0 {
		text = append(text, ' ')
	}
	l.Header = append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...)
	for i := range l.Offsets {
		l.Offsets[i] += int64(len(l.Header))
	}
	l.Size += int64(len(l.Header))
	return l, nil
}

// dtypeName returns what a header calls a dtype, "" if the format has none.
func dtypeName(d tensor.DType) string {
	for name, known := range dtypes {
		if known == d {
			return name
		}
	}
	return ""
}
