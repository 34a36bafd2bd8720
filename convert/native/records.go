package native

import (
	"cmp"
	"slices"

	"hf2olmo/convert/sharded"
	"hf2olmo/convert/tensor"
)

// nameRecords names the first tensor in each record of the files that has no name yet: in an
// outline storages come before the names of what is made of them.
func (c *Checkpoint) nameRecords() {
	for _, file := range c.Files {
		slices.SortFunc(file.Records, func(a, b tensor.Record) int { return cmp.Compare(a.Offset, b.Offset) })
	}
	for _, t := range c.Tensors() {
		for _, part := range parts(t) {
			if part.File == nil {
				continue // without elements it may be in no file
			}
			records := part.File.Records
			i, found := slices.BinarySearchFunc(records, part.Offset, func(r tensor.Record, at int64) int {
				return cmp.Compare(r.Offset, at)
			})
			if !found {
				i--
			}
			if i >= 0 && records[i].Tensor == "" && part.Offset < records[i].Offset+records[i].Bytes {
				records[i].Tensor = t.Name
			}
		}
	}
}

// parts are the tensors of one file each that a tensor is made of, with those of replicas.
func parts(t *sharded.Tensor) []*tensor.Tensor {
	all := []*tensor.Tensor{&t.Tensor}
	if t.Blocks != nil {
		all = nil
	}
	for _, blocks := range [][]tensor.Block{t.Blocks, t.Copies} {
		for _, b := range blocks {
			all = append(all, b.Data)
		}
	}
	return all
}
