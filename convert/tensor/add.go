package tensor

import (
	"encoding/binary"
	"math"
	"slices"
)

// addFloat32 adds x to every float32 of p, rounded to nearest as torch does it.
func addFloat32(p []byte, x float32) {
	for ; len(p) >= 4; p = p[4:] {
		sum := math.Float32frombits(binary.LittleEndian.Uint32(p)) + x
		binary.LittleEndian.PutUint32(p, math.Float32bits(sum))
	}
}

// Transposed returns the matrix whose rows are the columns of t, over the same bytes. Its
// blocks, if it has some, are not flat.
func Transposed(t *Tensor) *Tensor {
	turned := *t
	if t.Blocks != nil {
		turned.Shape = []int64{t.Shape[1], t.Shape[0]}
		turned.Blocks = nil
		for _, b := range t.Blocks {
			turned.Blocks = append(turned.Blocks, Block{[]int64{b.Start[1], b.Start[0]}, Transposed(b.Data)})
		}
		slices.SortFunc(turned.Blocks, func(a, b Block) int { return slices.Compare(a.Start, b.Start) })
		return &turned
	}
	stride := t.Stride
	if stride == nil {
		stride = []int64{t.Shape[1], 1}
	}
	turned.Shape = []int64{t.Shape[1], t.Shape[0]}
	turned.Stride = []int64{stride[1], stride[0]}
	return &turned
}
