package dcp

import (
	"fmt"
	"slices"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/tensor"
)

// Check reports every tensor that its chunks do not make up: torch loads such a
// checkpoint without a word, and what no chunk holds stays as it was in memory.
// The error is a fault.List.
func (m *Metadata) Check() error {
	var faults fault.List
	for i := range m.Tensors {
		if f := m.Tensors[i].check(); f != nil {
			f.File, f.Tensor = MetadataFile, m.Tensors[i].Name
			faults = append(faults, f)
		}
	}
	return faults.Err()
}

// check holds the chunks against the tensor: blocks that lie inside of it, share no
// element, and have as many elements as it has, are all of it.
func (t *Tensor) check() *fault.Fault {
	whole, ok := tensor.Product(t.Shape)
	if !ok {
		return &fault.Fault{Problem: "has an impossible size", Found: tensor.ShapeString(t.Shape)}
	}
	held := int64(0)
	for _, c := range t.Chunks {
		if !c.inside(t.Shape) {
			return &fault.Fault{Problem: "has a chunk that reaches past it", Expected: "inside of " + tensor.ShapeString(t.Shape), Found: c.String()}
		}
		n, _ := tensor.Product(c.Shape) // not larger than whole
		if held += n; held > 2*whole {
			break // they overlap, and the sum must not overflow
		}
	}
	if a, b, ok := overlap(t.Chunks); ok {
		return &fault.Fault{Problem: "has chunks that overlap", Found: a.String() + " and " + b.String()}
	}
	if held != whole {
		return &fault.Fault{Problem: "is not covered by its chunks: the rest would be what the memory held",
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

// mostBeside is how many chunks may hold parts of one row. Real checkpoints have a
// handful; a file that claims more would take for ever to check.
const mostBeside = 4096

// overlap returns two chunks that share an element. It goes through them by their
// first rows, and compares each only with those that reach as far; without rows
// that overlap, as our own are, that is none.
func overlap(chunks []Chunk) (a, b *Chunk, found bool) {
	var order, open []*Chunk
	for i := range chunks {
		if n, _ := tensor.Product(chunks[i].Shape); n > 0 {
			order = append(order, &chunks[i])
		}
	}
	slices.SortStableFunc(order, func(a, b *Chunk) int { return slices.Compare(a.Start, b.Start) })
	for _, c := range order {
		if len(c.Start) == 0 {
			if len(order) > 1 {
				return order[0], order[1], true
			}
			continue
		}
		open = slices.DeleteFunc(open, func(o *Chunk) bool { return o.Start[0]+o.Shape[0] <= c.Start[0] })
		for _, o := range open {
			if len(open) > mostBeside || o.meets(c) {
				return o, c, true
			}
		}
		open = append(open, c)
	}
	return nil, nil, false
}

func (c *Chunk) meets(o *Chunk) bool {
	for d := range c.Start {
		if c.Start[d]+c.Shape[d] <= o.Start[d] || o.Start[d]+o.Shape[d] <= c.Start[d] {
			return false
		}
	}
	return true
}
