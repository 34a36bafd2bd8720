package sharded

import (
	"cmp"
	"fmt"
	"slices"

	"hf2olmo/convert/dcp"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/tensor"
)

// A Tensor is a full tensor, whose blocks lie in the files of the ranks.
type Tensor struct {
	tensor.Tensor
	Copies []tensor.Block // of blocks that further replicas saved: they must be equal
	// Value is what a scalar is that was saved as a Python number, nil for a tensor.
	Value   any
	settled bool
}

// Add adds a block. Empty ones are left out: ranks save them when there is less to
// shard than there are ranks.
func (t *Tensor) Add(start []int64, data tensor.Tensor) {
	t.add(start, &data)
}

func (t *Tensor) add(start []int64, data *tensor.Tensor) {
	if t.File == nil {
		t.File = data.File
	}
	if data.Numel() > 0 {
		t.Blocks = append(t.Blocks, tensor.Block{Start: start, Data: data})
	}
}

// Settle sorts the blocks, sets replicas apart as Copies, and checks that the rest
// makes up the tensor: each element in exactly one block. Later calls do nothing.
func (t *Tensor) Settle() error {
	if t.settled || t.Value != nil {
		return nil
	}
	t.settled = true
	slices.SortStableFunc(t.Blocks, func(a, b tensor.Block) int {
		return cmp.Or(slices.Compare(a.Start, b.Start), slices.Compare(a.Data.Shape, b.Data.Shape))
	})
	distinct := []tensor.Block{}
	for _, b := range t.Blocks {
		if last := len(distinct) - 1; last >= 0 && slices.Equal(distinct[last].Start, b.Start) &&
			slices.Equal(distinct[last].Data.Shape, b.Data.Shape) {
			t.Copies = append(t.Copies, b)
			continue
		}
		distinct = append(distinct, b)
	}
	t.Blocks = distinct
	whole := dcp.Tensor{Name: t.Name, DType: t.DType, Shape: t.Grid()}
	for _, b := range t.Blocks {
		whole.Chunks = append(whole.Chunks, dcp.Chunk{Start: b.Start, Shape: b.Data.Shape})
	}
	if f := whole.Uncovered(); f != nil {
		f.Tensor = t.Name
		f.Hint = "The files of the ranks do not belong together, or some are damaged: copy the checkpoint whole."
		return f
	}
	if len(t.Blocks) == 1 && (!t.Flat || t.Blocks[0].Data.Contiguous()) {
		t.settleWhole()
	}
	return nil
}

// settleWhole makes a tensor of one block a plain one.
func (t *Tensor) settleWhole() {
	only := t.Blocks[0].Data
	t.File, t.Offset = only.File, only.Offset
	if !t.Flat {
		t.Stride = only.Stride
	}
	t.Blocks, t.Flat = nil, false
}

// wrong is a fault of one tensor in one file.
func wrong(file, name, problem string, expected, found any) error {
	f := &fault.Fault{File: file, Tensor: name, Problem: problem}
	if expected != nil {
		f.Expected = fmt.Sprint(expected)
	}
	if found != nil {
		f.Found = fmt.Sprint(found)
	}
	return f
}
