package sharded

import (
	"fmt"
	"testing"

	"hf2olmo/convert/pickle"
)

// numbers is a tuple of integers as an outline has it.
func numbers(n ...int64) *pickle.List {
	l := &pickle.List{}
	for _, i := range n {
		l.Items = append(l.Items, i)
	}
	return l
}

// TestParts finds the part of a mesh that a rank is in: torch saves the shapes and strides of
// the first part with all of them.
func TestParts(t *testing.T) {
	all := []int64{0, 1, 2, 3, 4, 5, 6, 7}
	for _, c := range []struct {
		shape, stride []int64
		rank          int64
		want          string
	}{
		{[]int64{8}, []int64{1}, 5, "[0 1 2 3 4 5 6 7]"},
		{[]int64{4}, []int64{2}, 0, "[0 2 4 6]"},
		{[]int64{4}, []int64{2}, 3, "[1 3 5 7]"},
		{[]int64{2}, []int64{1}, 5, "[4 5]"},
		{[]int64{2}, []int64{2}, 6, "[4 6]"},
		{[]int64{2, 2}, []int64{4, 1}, 7, "[2 3 6 7]"},
		{[]int64{2, 1}, []int64{4, 1}, 6, "[2 6]"},
		{[]int64{}, []int64{}, 3, "[3]"},
	} {
		layout := &pickle.Map{Items: []pickle.Pair{
			{Key: "shape", Value: &pickle.List{Items: []any{numbers(c.shape...)}}},
			{Key: "stride", Value: &pickle.List{Items: []any{numbers(c.stride...)}}},
		}}
		var m mesh
		if err := m.arrange(all, layout, c.rank); err != nil || fmt.Sprint(m.ranks) != c.want {
			t.Errorf("%v %v of rank %d: %v %v, want %s", c.shape, c.stride, c.rank, m.ranks, err, c.want)
		}
	}
	for _, bad := range [][2]int64{{2, 1 << 62}, {2, 8}, {0, 1}, {-1, 1}, {1 << 40, 1}} {
		layout := &pickle.Map{Items: []pickle.Pair{
			{Key: "shape", Value: numbers(bad[0])}, {Key: "stride", Value: numbers(bad[1])},
		}}
		var m mesh
		if err := m.arrange(all, layout, 0); err == nil {
			t.Errorf("%v: %v", bad, m.ranks)
		}
	}
}

// placed is a placement as an outline has it.
func placed(class string, dim, split int64) *pickle.Object {
	return &pickle.Object{Class: "torch." + class, State: &pickle.Map{Items: []pickle.Pair{
		{Key: "dim", Value: dim}, {Key: "split_factor", Value: split},
	}}}
}

// TestBlocks cuts tensors as torch does.
func TestBlocks(t *testing.T) {
	shard := func(dim int64) any { return placed("Shard", dim, 0) }
	for _, c := range []struct {
		shape, mesh, at []int64
		placements      []any
		want            string // start and size, or an error
	}{
		{[]int64{10, 3}, []int64{4}, []int64{3}, []any{shard(0)}, "[9 0] [1 3]"},
		{[]int64{5}, []int64{4}, []int64{3}, []any{shard(0)}, "[5] [0]"},
		{[]int64{3, 10}, []int64{4}, []int64{1}, []any{shard(1)}, "[0 3] [3 3]"},
		{[]int64{10}, []int64{2, 2}, []int64{1, 0}, []any{&pickle.Object{Class: "Replicate"}, shard(0)}, "[0] [5]"},
		{[]int64{12}, []int64{2, 2}, []int64{1, 0}, []any{shard(0), shard(0)}, "[6] [3]"},
		{[]int64{12}, []int64{2, 2}, []int64{1, 0}, []any{placed("_StridedShard", 0, 2), shard(0)}, "[3] [3]"},
		{[]int64{11}, []int64{3, 2}, []int64{2, 1}, []any{placed("_StridedShard", 0, 2), shard(0)}, "[10] [1]"},
		{[]int64{12}, []int64{2, 2}, []int64{1, 0}, []any{placed("_StridedShard", 0, 4), shard(0)},
			"is cut in strides of 4, and then into 2 pieces"},
		{[]int64{12}, []int64{2}, []int64{1}, []any{placed("Partial", 0, 0)},
			"is placed as Partial, which cannot be put together"},
		{[]int64{12}, []int64{2}, []int64{1}, []any{shard(1)}, "is cut along a dimension that it does not have"},
	} {
		start, size, err := block(c.shape, c.mesh, c.at, c.placements)
		have := fmt.Sprint(start, " ", size)
		if err != nil {
			have = err.Error()
		}
		if have != c.want {
			t.Errorf("%v at %v of %v: %s, want %s", c.shape, c.at, c.mesh, have, c.want)
		}
	}
}
