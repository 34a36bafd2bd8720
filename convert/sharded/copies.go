package sharded

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/tensor"
)

// CompareCopies compares what the replicas of a run saved, byte for byte: each of Copies
// with the block that it is a copy of. HYBRID_SHARD and NO_SHARD save the same block more
// than once, and which of them is read must not matter. The checksums of all records that
// are read are checked too. jobs 0 is as many workers as suits; progress, which may be nil,
// receives the number of bytes compared. The error is a fault.List.
func CompareCopies(ctx context.Context, tensors []*Tensor, jobs int, progress func(n int64)) error {
	c := copies{progress: progress}
	for _, t := range tensors {
		for i := range t.Copies {
			copied := t.Copies[i].Data
			c.pairs = append(c.pairs, pair{t.Name, copied, t.original(&t.Copies[i])})
			c.contents = append(c.contents, &tensor.Content{DType: t.DType, Parts: []*tensor.Tensor{copied}})
		}
	}
	if len(c.pairs) == 0 {
		return nil
	}
	var all []tensor.Tensor
	for _, p := range c.pairs {
		all = append(all, *p.copied, *p.original)
	}
	files, err := tensor.OpenFiles(all)
	if err != nil {
		return err
	}
	defer files.Close()
	if err := tensor.Sweep(ctx, files, c.contents, jobs, c.visitor); err != nil {
		return err
	}
	if err := files.Unchanged(); err != nil {
		return err
	}
	slices.SortFunc(c.faults, func(a, b *fault.Fault) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Tensor, b.Tensor))
	})
	return c.faults.Err()
}

// minShown is how much is compared without showing progress: each rank saves the step counts.
const minShown = 1 << 20

// ShowCompareCopies is CompareCopies, followed by p (nil for none) under a title.
func ShowCompareCopies(ctx context.Context, tensors []*Tensor, jobs int, p assemble.Progress, title string) error {
	n := CopyBytes(tensors)
	if p == nil || n < minShown {
		return CompareCopies(ctx, tensors, jobs, nil)
	}
	p.Start(title+": replicas", assemble.Comparing, n)
	defer p.Stop()
	return CompareCopies(ctx, tensors, jobs, p.Add)
}

// CopyBytes returns how many bytes CompareCopies compares.
func CopyBytes(tensors []*Tensor) int64 {
	n := int64(0)
	for _, t := range tensors {
		for i := range t.Copies {
			n += t.Copies[i].Data.Bytes()
		}
	}
	return n
}

// original returns the block that a copy is one of.
func (t *Tensor) original(b *tensor.Block) *tensor.Tensor {
	if t.Blocks == nil {
		return &t.Tensor
	}
	i, _ := slices.BinarySearchFunc(t.Blocks, b.Start, func(x tensor.Block, start []int64) int {
		return slices.Compare(x.Start, start)
	})
	return t.Blocks[i].Data
}

// pair is two tensors that should contain the same.
type pair struct {
	name             string
	copied, original *tensor.Tensor
}

// copies is one comparison of all pairs, shared by its workers.
type copies struct {
	pairs    []pair
	contents []*tensor.Content
	progress func(n int64)

	mu     sync.Mutex
	found  map[int]bool // pairs that differ
	faults fault.List
}

// visitor returns a worker's own visitor of the copies.
func (c *copies) visitor() tensor.Visitor {
	var buffer []byte
	return func(g *tensor.Gatherer, p tensor.Piece, data []byte) error {
		if len(buffer) < len(data) {
			buffer = make([]byte, len(data))
		}
		pair := &c.pairs[p.Content]
		content := tensor.Content{DType: pair.original.DType, Parts: []*tensor.Tensor{pair.original}}
		if err := g.Read(buffer[:len(data)], &content, p.Offset); err != nil {
			return err
		}
		if !bytes.Equal(buffer[:len(data)], data) {
			c.differs(p.Content)
		}
		if c.progress != nil {
			c.progress(p.Length)
		}
		return nil
	}
}

func (c *copies) differs(i int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.found[i] {
		return
	}
	if c.found == nil {
		c.found = map[int]bool{}
	}
	c.found[i] = true
	p := &c.pairs[i]
	c.faults = append(c.faults, &fault.Fault{File: p.copied.File.Name, Tensor: p.name,
		Problem: fmt.Sprintf("differs from the same part in %s, which another replica saved", p.original.File.Name),
		Hint:    "One of the files is damaged, or of another checkpoint: copy the checkpoint again."})
}
