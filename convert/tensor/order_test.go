package tensor_test

import (
	"bytes"
	"slices"
	"testing"

	"hf2olmo/convert/tensor"
)

// TestOrders says where rows come from: pairs as halves, a part of each head, heads apart.
func TestOrders(t *testing.T) {
	for _, c := range []struct {
		order tensor.Order
		want  []int64
	}{
		{tensor.Order{Group: 6, Turned: 6, Ways: 2, Unit: 1}, []int64{0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11}},
		{tensor.Order{Group: 6, Turned: 4, Ways: 2, Unit: 1}, []int64{0, 2, 1, 3, 4, 5, 6, 8, 7, 9, 10, 11}},
		{tensor.Order{Group: 12, Turned: 12, Ways: 3, Unit: 2}, []int64{0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11}},
	} {
		var got []int64
		for i := range int64(12) {
			got = append(got, c.order.From(i))
			if back := c.order.Inverse().From(c.order.From(i)); c.order.From(c.order.Inverse().From(i)) != i || back != i {
				t.Errorf("%v: %d comes back as %d", c.order, i, back)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, want %v", c.order, got, c.want)
		}
	}
}

// TestInOrder reads a matrix in another order, and ranges of its rows, whole and in pieces, from one place and
// from blocks.
func TestInOrder(t *testing.T) {
	const rows, columns = 12, 3
	data := make([]byte, rows*columns*2)
	for i := range data {
		data[i] = byte(i)
	}
	file, files := testFile(t, data)
	whole := &tensor.Tensor{DType: tensor.Float16, Shape: []int64{rows, columns}, File: file}
	order := tensor.Order{Group: 6, Turned: 4, Ways: 2, Unit: 1}
	for _, one := range []*tensor.Tensor{whole, cut(file, whole.Shape, whole.DType, []int64{5, 7}, []int64{1, 2}, 0)} {
		own := read(t, one)
		var want []byte
		for i := range int64(rows) {
			from := order.From(i) * columns * 2
			want = append(want, own[from:from+columns*2]...)
		}
		for first := range int64(rows) {
			part := tensor.Rows(tensor.InOrder(order, one), first, rows-first)
			content := &tensor.Content{DType: tensor.Float16, Parts: []*tensor.Tensor{part}}
			g := tensor.NewGatherer(files)
			for _, step := range []int64{2, 4, 10, content.Bytes()} {
				var got []byte
				for off := int64(0); off < content.Bytes(); off += step {
					piece := make([]byte, min(step, content.Bytes()-off))
					if err := g.Read(piece, content, off); err != nil {
						t.Fatal(err)
					}
					got = append(got, piece...)
				}
				if !bytes.Equal(got, want[first*columns*2:]) {
					t.Fatalf("from row %d, in pieces of %d: %v, want %v", first, step, got, want[first*columns*2:])
				}
			}
			if _, at := part.ByteOf(1); one == whole && at != order.From(first)*columns*2+2 {
				t.Errorf("element 1 of row %d is at byte %d", first, at)
			}
		}
	}
}

// TestJoined puts a matrix together again of ranges of its rows, in any order of theirs.
func TestJoined(t *testing.T) {
	const rows, columns = 12, 3
	data := make([]byte, rows*columns*2)
	for i := range data {
		data[i] = byte(i)
	}
	file, _ := testFile(t, data)
	whole := &tensor.Tensor{DType: tensor.Float16, Shape: []int64{rows, columns}, File: file}
	order := tensor.Order{Group: 12, Turned: 12, Ways: 2, Unit: 3}
	turned := tensor.InOrder(order, whole)
	for _, cut := range []int64{1, 5, 11} {
		first, last := tensor.Rows(whole, 0, cut), tensor.Rows(whole, cut, rows-cut)
		if got := read(t, tensor.InOrder(tensor.Order{}, first, last)); !bytes.Equal(got, data) {
			t.Errorf("cut at %d: %v", cut, got)
		}
		first, last = tensor.Rows(turned, 0, cut), tensor.Rows(turned, cut, rows-cut)
		if got := read(t, tensor.InOrder(order.Inverse(), first, last)); !bytes.Equal(got, data) {
			t.Errorf("cut at %d and turned back: %v", cut, got)
		}
	}
}
