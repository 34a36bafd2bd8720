package safetensors

import (
	"fmt"
	"math"
	"sort"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/tensor"
)

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
		return fault.List{{File: file.Name,
			Problem: "is not a safetensors file: its header refers to more bytes than a file can have"}}
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

// check compares an entry with its own shape and with where the one before it ends.
func (e *entry) check(end int64) *fault.Fault {
	switch {
	case e.end < e.begin:
		return &fault.Fault{Problem: fmt.Sprintf("data_offsets [%d, %d] run backwards", e.begin, e.end)}
	case e.begin < end:
		return &fault.Fault{Problem: "its bytes overlap another tensor's"}
	case e.begin > end:
		return &fault.Fault{Problem: fmt.Sprintf("%d bytes before it belong to no tensor", e.begin-end)}
	}
	dtype, ok := readable(e.dtype)
	if !ok {
		return nil
	}
	n, ok := tensor.Product(e.shape)
	if !ok || n > math.MaxInt64/dtype.Size() {
		return &fault.Fault{Problem: "shape " + tensor.ShapeString(e.shape) + " is too large"}
	}
	if n*dtype.Size() != e.end-e.begin {
		return &fault.Fault{
			Problem:  fmt.Sprintf("%s %s does not match its data_offsets", e.dtype, tensor.ShapeString(e.shape)),
			Expected: fmt.Sprintf("%d bytes", n*dtype.Size()), Found: fmt.Sprintf("%d", e.end-e.begin)}
	}
	return nil
}

// unknownDTypes gives one fault per dtype, not per tensor: a quantized model has hundreds.
func unknownDTypes(entries []entry, file *tensor.File) (bad fault.List) {
	count := map[string]int{}
	for i := range entries {
		if _, ok := readable(entries[i].dtype); !ok {
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
			Unsupported: true,
			Hint:        "Use the model as it was before it was quantized, in float32, bfloat16 or float16."}
		if n > 1 {
			f.Problem += fmt.Sprintf(" (%d tensors have it)", n)
		}
		bad = append(bad, f)
		delete(count, e.dtype)
	}
	return bad
}
