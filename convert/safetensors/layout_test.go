package safetensors_test

import (
	"bytes"
	"slices"
	"testing"

	"hf2olmo/convert/safetensors"
	"hf2olmo/convert/tensor"
)

// TestPlan reads a file of zeros with a planned header: the same tensors, in their places, the
// larger types in front.
func TestPlan(t *testing.T) {
	entries := []safetensors.Entry{{"b", tensor.BFloat16, []int64{3}}, {"empty", tensor.Float32, []int64{0, 4}},
		{"a", tensor.BFloat16, []int64{1}}, {"scalar", tensor.Float16, nil}, {"\"name\"", tensor.Float32, []int64{2, 3}}}
	l, err := safetensors.Plan(entries)
	if err != nil {
		t.Fatal(err)
	}
	data := slices.Concat(l.Header, make([]byte, l.Size-int64(len(l.Header))))
	got, err := safetensors.Open(bytes.NewReader(data), &tensor.File{Name: "file", Size: l.Size})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(entries) || len(l.Header)%8 != 0 {
		t.Errorf("%d tensors, header of %d bytes", len(got), len(l.Header))
	}
	for _, one := range got {
		i := slices.IndexFunc(entries, func(e safetensors.Entry) bool { return e.Name == one.Name })
		e := entries[i]
		if one.DType != e.DType || !slices.Equal(one.Shape, e.Shape) || one.Offset != l.Offsets[i] ||
			one.Offset%one.DType.Size() != 0 {
			t.Errorf("%s: %+v at %d", e.Name, one, l.Offsets[i])
		}
	}
	if _, err := safetensors.Plan([]safetensors.Entry{{"complex", tensor.Complex128, nil}}); err == nil {
		t.Error("complex128 can be written")
	}
}
