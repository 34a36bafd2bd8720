package tensor_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"

	"hf2olmo/convert/tensor"
)

// TestAdd reads parts of several dtypes with 1 added, in pieces, and compares with the
// sums that float32 arithmetic gives.
func TestAdd(t *testing.T) {
	var data, want []byte
	values := []float32{0, -1, 0.5, 1e-9, -0.99999994, 3.5e8, float32(math.Inf(1)), -1.0078125}
	for _, v := range values {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
		want = binary.LittleEndian.AppendUint32(want, math.Float32bits(v+1))
	}
	half := int64(len(data))
	for _, v := range values {
		data = binary.LittleEndian.AppendUint16(data, uint16(math.Float32bits(v)>>16)) // bfloat16, cut
		v = math.Float32frombits(math.Float32bits(v) &^ 0xffff)
		want = binary.LittleEndian.AppendUint32(want, math.Float32bits(v+1))
	}
	file, files := testFile(t, data)
	content := &tensor.Content{DType: tensor.Float32, Add: 1, Parts: []*tensor.Tensor{
		{DType: tensor.Float32, Shape: []int64{8}, File: file},
		{DType: tensor.BFloat16, Shape: []int64{8}, File: file, Offset: half},
	}}
	g := tensor.NewGatherer(files)
	for step := int64(4); step <= content.Bytes(); step += 4 {
		var got []byte
		for off := int64(0); off < content.Bytes(); off += step {
			piece := make([]byte, min(step, content.Bytes()-off))
			if err := g.Read(piece, content, off); err != nil {
				t.Fatal(err)
			}
			got = append(got, piece...)
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("in pieces of %d bytes: %x, want %x", step, got, want)
		}
	}
}

// TestTransposed turns matrices of every layout.
func TestTransposed(t *testing.T) {
	data := make([]byte, 4096)
	for i := range data {
		data[i] = byte(i * 7)
	}
	file, files := testFile(t, data)
	for _, stride := range [][]int64{nil, {1, 5}, {40, 3}, {0, 2}} {
		tn := &tensor.Tensor{DType: tensor.Float32, Shape: []int64{5, 9}, Stride: stride, File: file, Offset: 16}
		turned := tensor.Transposed(tn)
		content := &tensor.Content{DType: tensor.Float32, Parts: []*tensor.Tensor{turned}}
		got := make([]byte, content.Bytes())
		if err := tensor.NewGatherer(files).Read(got, content, 0); err != nil {
			t.Fatal(err)
		}
		if stride == nil {
			tn.Stride = []int64{9, 1}
		}
		rows := reference(data, tn)
		for r := range 5 {
			for c := range 9 {
				if !bytes.Equal(got[4*(c*5+r):4*(c*5+r)+4], rows[4*(r*9+c):4*(r*9+c)+4]) {
					t.Fatalf("stride %v: element %d, %d", stride, r, c)
				}
			}
		}
	}
}
