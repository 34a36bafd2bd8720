package dcp

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/tensor"
)

// Check reports every tensor that its chunks do not make up: torch loads such a
// checkpoint silently, and what no chunk contains stays as it was in memory.
// The error is a fault.List.
func (m *Metadata) Check() error {
	var faults fault.List
	work := maxWork
	for i := range m.Tensors {
		if f := m.Tensors[i].uncovered(&work); f != nil {
			f.File, f.Tensor = MetadataFile, m.Tensors[i].Name
			faults = append(faults, f)
		}
	}
	return faults.Err()
}

// Uncovered returns why the chunks do not make up the tensor, each element once; nil if
// they do. The fault names neither file nor tensor.
func (t *Tensor) Uncovered() *fault.Fault {
	work := maxWork
	return t.uncovered(&work)
}

// uncovered compares the chunks with the tensor: blocks that lie inside of it, share no
// element, and have as many elements as it has, are all of it.
func (t *Tensor) uncovered(work *int) *fault.Fault {
	whole, ok := tensor.Product(t.Shape)
	if !ok {
		return &fault.Fault{Problem: "has an impossible size", Found: tensor.ShapeString(t.Shape)}
	}
	held := int64(0)
	for _, c := range t.Chunks {
		if !c.inside(t.Shape) {
			return &fault.Fault{Problem: "has a chunk that reaches past it",
				Expected: "inside of " + tensor.ShapeString(t.Shape), Found: c.String()}
		}
		n, _ := tensor.Product(c.Shape) // not larger than whole
		if held += n; held > 2*whole {
			break // they overlap, and the sum must not overflow
		}
	}
	a, b, err := overlap(t.Chunks, work)
	switch {
	case err != nil:
		return &fault.Fault{Problem: err.Error(), Found: fmt.Sprintf("%d chunks", len(t.Chunks))}
	case a != nil:
		return &fault.Fault{Problem: "has chunks that overlap", Found: a.String() + " and " + b.String()}
	}
	if held != whole {
		return &fault.Fault{Problem: "is not covered by its chunks: the rest would be whatever was in memory",
			Expected: fmt.Sprintf("%d elements", whole), Found: fmt.Sprintf("%d in %d chunks", held, len(t.Chunks))}
	}
	return nil
}

func (c *Chunk) inside(shape []int64) bool {
	if len(c.Start) != len(shape) || len(c.Shape) != len(shape) {
		return false
	}
	for d, n := range shape {
		if c.Start[d] < 0 || c.Shape[d] < 0 || c.Shape[d] > n || c.Start[d] > n-c.Shape[d] {
			return false
		}
	}
	return true
}

// String writes the chunk as the range of its indices: [0:100, 0:64].
func (c *Chunk) String() string {
	text := "["
	for d := range c.Shape {
		if d > 0 {
			text += ", "
		}
		if d < len(c.Start) {
			text += fmt.Sprintf("%d:%d", c.Start[d], c.Start[d]+c.Shape[d])
		}
	}
	return text + "]"
}

// maxWork bounds the look for chunks that overlap, of all tensors of a checkpoint together:
// chunks that are put in order or compared. The chunks of a checkpoint that torch wrote are a
// grid, and take a few times their number.
const maxWork = 20_000_000

// errWork is that chunks lie in a way that would take for ever to check.
var errWork = errors.New("has chunks that lie in another way than any checkpoint's")

// overlap returns two chunks that share an element.
func overlap(chunks []Chunk, work *int) (a, b *Chunk, err error) {
	var some []*Chunk
	for i := range chunks {
		if n, _ := tensor.Product(chunks[i].Shape); n > 0 {
			some = append(some, &chunks[i])
		}
	}
	return meeting(some, 0, 0, work)
}

// meeting cuts chunks into groups where a plane crosses none of them, in one dimension after
// the other: two of different groups do not meet. uncut is in how many dimensions in a row
// no plane was found. Where there is none in any, each is compared with each.
func meeting(chunks []*Chunk, dim, uncut int, work *int) (a, b *Chunk, err error) {
	if *work -= len(chunks); *work < 0 {
		return nil, nil, errWork
	}
	switch {
	case len(chunks) < 2:
		return nil, nil, nil
	case uncut == len(chunks[0].Start):
		return pair(chunks, work)
	}
	byStart := func(a, b *Chunk) int { return cmp.Compare(a.Start[dim], b.Start[dim]) }
	if !slices.IsSortedFunc(chunks, byStart) {
		slices.SortStableFunc(chunks, byStart)
	}
	next, from, reach := (dim+1)%len(chunks[0].Start), 0, int64(0)
	for i, c := range chunks {
		if i > from && c.Start[dim] >= reach {
			if a, b, err = meeting(chunks[from:i], next, 0, work); a != nil || err != nil {
				return a, b, err
			}
			from = i
		}
		reach = max(reach, c.Start[dim]+c.Shape[dim])
	}
	if uncut++; from > 0 {
		uncut = 0
	}
	return meeting(chunks[from:], next, uncut, work)
}

// pair compares each with each.
func pair(chunks []*Chunk, work *int) (a, b *Chunk, err error) {
	for i, c := range chunks {
		for _, o := range chunks[:i] {
			if o.meets(c) {
				return o, c, nil
			}
		}
		if *work -= i * len(c.Start); *work < 0 {
			return nil, nil, errWork
		}
	}
	return nil, nil, nil
}

func (c *Chunk) meets(o *Chunk) bool {
	for d := range c.Start {
		if c.Start[d]+c.Shape[d] <= o.Start[d] || o.Start[d]+o.Shape[d] <= c.Start[d] {
			return false
		}
	}
	return true
}
