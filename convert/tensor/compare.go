package tensor

import (
	"bytes"
	"context"
	"slices"
)

// FirstDifference compares two tensors bit for bit, and returns the row-major number of the
// first element that differs, or -1. Those of different dtypes or shapes differ in the first.
func FirstDifference(ctx context.Context, files *Files, a, b *Tensor) (int64, error) {
	if a.DType != b.DType || !slices.Equal(a.Shape, b.Shape) {
		return 0, nil
	}
	if sameBytes(a, b) {
		return -1, nil // one storage under two names
	}
	left, right := &Content{DType: a.DType, Parts: []*Tensor{a}}, &Content{DType: b.DType, Parts: []*Tensor{b}}
	g := NewGatherer(files)
	const piece = 1 << 20
	p, q := make([]byte, piece), make([]byte, piece)
	size := a.DType.Size()
	for off := int64(0); off < left.Bytes(); off += piece {
		if err := ctx.Err(); err != nil {
			return 0, context.Cause(ctx)
		}
		n := min(piece, left.Bytes()-off)
		if err := g.Read(p[:n], left, off); err != nil {
			return 0, err
		}
		if err := g.Read(q[:n], right, off); err != nil {
			return 0, err
		}
		if bytes.Equal(p[:n], q[:n]) {
			continue
		}
		for i := int64(0); i < n; i += size {
			if !bytes.Equal(p[i:i+size], q[i:i+size]) {
				return (off + i) / size, nil
			}
		}
	}
	return -1, nil
}

// sameBytes reports whether two tensors of one dtype and shape are the same bytes of the
// same files.
func sameBytes(a, b *Tensor) bool {
	if a.Blocks == nil && b.Blocks == nil {
		return a.File == b.File && a.Offset == b.Offset && a.Contiguous() && b.Contiguous()
	}
	return a.Flat == b.Flat && slices.EqualFunc(a.Blocks, b.Blocks, func(x, y Block) bool {
		return slices.Equal(x.Start, y.Start) && slices.Equal(x.Data.Shape, y.Data.Shape) && sameBytes(x.Data, y.Data)
	})
}
