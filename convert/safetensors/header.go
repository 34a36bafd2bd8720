package safetensors

import (
	"fmt"
	"io"
	"math"
	"sort"

	"github.com/go-json-experiment/json/jsontext"
	library "github.com/nlpodyssey/safetensors"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/jsonfile"
	"hf2olmo/convert/tensor"
)

// An entry is what a safetensors header says of one tensor.
type entry struct {
	name       string
	dtype      string // as the file spells it, such as "BF16"
	shape      []int64
	begin, end int64 // bytes, counted from the end of the header
}

// dtypes are those that the safetensors library knows. The format has younger ones, of eight bits and fewer.
var dtypes = map[string]tensor.DType{
	library.BOOL.String(): tensor.Bool,
	library.U8.String():   tensor.UInt8,
	library.I8.String():   tensor.Int8,
	library.I16.String():  tensor.Int16,
	library.U16.String():  tensor.UInt16,
	library.F16.String():  tensor.Float16,
	library.BF16.String(): tensor.BFloat16,
	library.I32.String():  tensor.Int32,
	library.U32.String():  tensor.UInt32,
	library.F32.String():  tensor.Float32,
	library.F64.String():  tensor.Float64,
	library.I64.String():  tensor.Int64,
	library.U64.String():  tensor.UInt64,
}

// decodeHeader reads a header by our own hand, for what the library does not do: it
// refuses a name that stands twice, and says of which tensor it is that something is wrong.
func decodeHeader(r io.Reader) ([]entry, error) {
	d := jsonfile.NewDecoder(r, headerLimits)
	var entries []entry
	names := 0
	err := jsonfile.EachMember(d, "the JSON value", func(name string) error {
		switch {
		case name == "__metadata__" && d.PeekKind() == 'n':
			return d.SkipValue() // null is none at all
		case name == "__metadata__":
			return jsonfile.EachMember(d, name, func(key string) error {
				_, err := jsonfile.ReadString(d, "")
				return jsonfile.About(err, "%s.%s", name, key)
			})
		}
		if names += len(name); names > tensor.MaxNames {
			return jsonfile.Misshapen(d, "the names of the tensors take more than %d MB, more than any model's", tensor.MaxNames>>20)
		}
		e, err := decodeEntry(d, name)
		entries = append(entries, e)
		return err
	})
	if err != nil {
		return nil, err
	}
	return entries, jsonfile.ReadEnd(d)
}

func decodeEntry(d *jsontext.Decoder, name string) (entry, error) {
	e := entry{name: name, shape: []int64{}}
	var offsets []int64
	seen := 0
	err := jsonfile.EachMember(d, "", func(key string) (err error) {
		seen++
		switch key {
		case "dtype":
			e.dtype, err = jsonfile.ReadString(d, ": dtype")
		case "shape":
			e.shape, err = readInts(d, ": shape")
		case "data_offsets":
			offsets, err = readInts(d, ": data_offsets")
		default:
			err = jsonfile.Misshapen(d, ": unknown member %q", key)
		}
		return err
	})
	if err == nil && (seen != 3 || len(offsets) != 2) { // the decoder lets no member stand twice
		err = jsonfile.Misshapen(d, ": needs dtype, shape and two data_offsets")
	}
	if err == nil && len(e.shape) > tensor.MaxDims {
		err = jsonfile.Misshapen(d, ": has %d dimensions, more than any model's tensors", len(e.shape))
	}
	if err == nil {
		e.begin, e.end = offsets[0], offsets[1]
	}
	return e, jsonfile.About(err, "tensor %.300q", name)
}

func readInts(d *jsontext.Decoder, what string) ([]int64, error) {
	list := []int64{}
	err := jsonfile.EachElement(d, what, func() error {
		n, err := jsonfile.ReadInt(d, what)
		list = append(list, n)
		return err
	})
	return list, err
}

// checkEntries makes sure that the tensors fill size bytes of data without gap or overlap.
func checkEntries(entries []entry, file *tensor.File, size int64) error {
	entries = append([]entry(nil), entries...)
	sort.Slice(entries, func(i, j int) bool {
		a, b := &entries[i], &entries[j]
		if a.begin != b.begin {
			return a.begin < b.begin
		}
		return a.end < b.end || a.end == b.end && a.name < b.name
	})
	var bad fault.List
	end := int64(0)
	for i := range entries {
		e := &entries[i]
		if f := e.check(end); f != nil {
			f.File, f.Tensor = file.Name, e.name
			bad = append(bad, f)
		}
		end = max(end, e.end)
	}
	bad = append(bad, unknownDTypes(entries, file)...)
	whole := file.Size - size
	if end > math.MaxInt64-whole { // no disk holds that
		return fault.List{{File: file.Name, Problem: "is not a safetensors file: its header speaks of more bytes than there can be"}}
	}
	switch whole += end; {
	case end > size:
		bad = append(fault.List{truncated(file, whole)}, bad...)
	case end < size:
		bad = append(bad, &fault.Fault{File: file.Name, Problem: "has bytes after its last tensor",
			Expected: fmt.Sprintf("%d bytes", whole), Found: fmt.Sprintf("%d", file.Size)})
	}
	return bad.Err()
}

// check holds an entry against its own shape and against where the one before it ends.
func (e *entry) check(end int64) *fault.Fault {
	switch {
	case e.end < e.begin:
		return &fault.Fault{Problem: fmt.Sprintf("data_offsets [%d, %d] run backwards", e.begin, e.end)}
	case e.begin < end:
		return &fault.Fault{Problem: "its bytes overlap another tensor's"}
	case e.begin > end:
		return &fault.Fault{Problem: fmt.Sprintf("%d bytes before it belong to no tensor", e.begin-end)}
	}
	dtype, ok := dtypes[e.dtype]
	if !ok {
		return nil
	}
	n, ok := tensor.Product(e.shape)
	if !ok || n > math.MaxInt64/dtype.Size() {
		return &fault.Fault{Problem: "shape " + tensor.ShapeString(e.shape) + " is too large"}
	}
	if n*dtype.Size() != e.end-e.begin {
		return &fault.Fault{Problem: fmt.Sprintf("%s %s does not fit its data_offsets", e.dtype, tensor.ShapeString(e.shape)),
			Expected: fmt.Sprintf("%d bytes", n*dtype.Size()), Found: fmt.Sprintf("%d", e.end-e.begin)}
	}
	return nil
}

// unknownDTypes gives a fault a dtype, not a tensor: a quantized model has hundreds.
func unknownDTypes(entries []entry, file *tensor.File) (bad fault.List) {
	count := map[string]int{}
	for i := range entries {
		if _, ok := dtypes[entries[i].dtype]; !ok {
			count[entries[i].dtype]++
		}
	}
	for i := range entries {
		e := &entries[i]
		n := count[e.dtype]
		if n == 0 {
			continue
		}
		f := &fault.Fault{File: file.Name, Tensor: e.name, Problem: fmt.Sprintf("dtype %q cannot be read", e.dtype),
			Hint: "Use the model as it was before it was quantized, in float32, bfloat16 or float16."}
		if n > 1 {
			f.Problem += fmt.Sprintf(" (%d tensors have it)", n)
		}
		bad = append(bad, f)
		delete(count, e.dtype)
	}
	return bad
}
