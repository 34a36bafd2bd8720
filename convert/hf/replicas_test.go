package hf

import (
	"testing"

	"hf2olmo/convert/sharded"
	"hf2olmo/convert/tensor"
)

// TestReplicas: what ranks saved more than once is a tensor again, of the blocks of one replica.
func TestReplicas(t *testing.T) {
	block := func(name string, rows int64) tensor.Tensor {
		return tensor.Tensor{DType: tensor.Float32, Shape: []int64{rows, 2}, File: &tensor.File{Name: name}}
	}
	cut := &sharded.Tensor{Tensor: tensor.Tensor{Name: "cut", DType: tensor.Float32, Shape: []int64{3, 2}}}
	cut.Add([]int64{0, 0}, block("rank 0", 2))
	cut.Add([]int64{2, 0}, block("rank 1", 1))
	cut.Add([]int64{0, 0}, block("rank 2", 2))
	cut.Add([]int64{2, 0}, block("rank 3", 1))
	cut.Add([]int64{2, 0}, block("rank 4", 1)) // of a third replica of which only this is saved
	whole := &sharded.Tensor{Tensor: tensor.Tensor{Name: "whole", DType: tensor.Float32, Shape: []int64{3, 2}}}
	for _, name := range []string{"rank 0", "rank 1", "rank 2"} {
		whole.Add([]int64{0, 0}, block(name, 3))
	}
	for _, c := range []struct {
		of   *sharded.Tensor
		want []string // the files of each replica's blocks
	}{
		{cut, []string{"rank 2, rank 3", "rank 0, rank 4"}}, {whole, []string{"rank 1", "rank 2"}},
	} {
		if err := c.of.Settle(); err != nil {
			t.Fatal(err)
		}
		again := replicas(c.of)
		if len(again) != len(c.want) {
			t.Fatalf("%s: %d replicas", c.of.Name, len(again))
		}
		for i, r := range again {
			files := r.File.Name
			if r.Blocks != nil {
				files = r.Blocks[0].Data.File.Name + ", " + r.Blocks[1].Data.File.Name
			}
			if files != c.want[i] || r.Name != c.of.Name {
				t.Errorf("%s: %s, want %s", r.Name, files, c.want[i])
			}
		}
	}
}
