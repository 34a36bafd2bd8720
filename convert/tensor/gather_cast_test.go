package tensor_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"

	"hf2olmo/convert/tensor"
)

// TestGatherAndCast reads strided tensors in another dtype: the same as the cast of
// what is read in their own.
func TestGatherAndCast(t *testing.T) {
	file, files := testFile(t, tensor.Weights(tensor.Float32, 1<<18))
	for _, c := range []struct{ shape, stride []int64 }{
		{[]int64{300, 200}, []int64{1, 300}},
		{[]int64{3, 70000}, []int64{1, 3}}, // rows longer than the scratch buffer
		{[]int64{70000, 3}, []int64{1, 70000}},
		{[]int64{100, 50}, []int64{70, 1}},
		{[]int64{60, 40}, []int64{1, 0}},
		{[]int64{50}, []int64{3000}}, // far apart
		{[]int64{80000}, []int64{3}}, // near, and more than fit the buffer
		{[]int64{4, 5, 6}, []int64{60, 2, 10}},
	} {
		for _, from := range []tensor.DType{tensor.Float32, tensor.BFloat16} {
			for _, to := range []tensor.DType{tensor.Float32, tensor.BFloat16, tensor.Float16} {
				if from == to {
					continue
				}
				tn := &tensor.Tensor{DType: from, Shape: c.shape, Stride: c.stride, File: file, Offset: 128}
				got, own, want := make([]byte, tn.Numel()*to.Size()), make([]byte, tn.Bytes()), make([]byte, tn.Numel()*to.Size())
				g, h := tensor.NewGatherer(files), tensor.NewGatherer(files)
				if err := g.Read(got, &tensor.Content{DType: to, Parts: []*tensor.Tensor{tn}}, 0); err != nil {
					t.Fatal(err)
				}
				if err := h.Read(own, &tensor.Content{DType: from, Parts: []*tensor.Tensor{tn}}, 0); err != nil {
					t.Fatal(err)
				}
				if n := tensor.Caster(from, to)(want, own); n != g.Overflows || !bytes.Equal(got, want) {
					t.Errorf("shape %v stride %v %s as %s: other elements, or %d overflows and not %d", c.shape, c.stride, from, to,
						g.Overflows, n)
				}
			}
		}
	}
}

// TestExpandedOverflows counts an element as often as an expanded tensor has it.
func TestExpandedOverflows(t *testing.T) {
	file, files := testFile(t, binary.LittleEndian.AppendUint32(nil, math.Float32bits(1e30)))
	tn := &tensor.Tensor{DType: tensor.Float32, Shape: []int64{7}, Stride: []int64{0}, File: file}
	g, p := tensor.NewGatherer(files), make([]byte, 14)
	if err := g.Read(p, &tensor.Content{DType: tensor.Float16, Parts: []*tensor.Tensor{tn}}, 0); err != nil {
		t.Fatal(err)
	}
	if g.Overflows != 7 || !bytes.Equal(p, bytes.Repeat([]byte{0x00, 0x7c}, 7)) {
		t.Errorf("%d overflows, %x", g.Overflows, p)
	}
}
