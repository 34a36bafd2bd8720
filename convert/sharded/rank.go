package sharded

import (
	"crypto/sha256"
	"fmt"
	"slices"

	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

// A Rank is what one rank of a run saved into one file.
type Rank struct {
	Number int // of the rank
	World  int // ranks that saved files
	*torchfile.Saved
	File *File
}

// Set collects the tensors of which the ranks save pieces, by their names.
type Set struct {
	tensors map[string]*Tensor
	layouts map[string][sha256.Size]byte // of how rank 0 says that a tensor is cut, by its name
}

// NewSet returns a set without tensors.
func NewSet() *Set {
	return &Set{tensors: map[string]*Tensor{}, layouts: map[string][sha256.Size]byte{}}
}

// Tensors returns the tensors of the set, by their names.
func (s *Set) Tensors() map[string]*Tensor { return s.tensors }

// Settle settles every tensor of the set; the faults are in the order of the names.
func (s *Set) Settle(add func(error)) {
	for _, t := range s.Sorted() {
		add(t.Settle())
	}
}

// Add adds what a rank saved under a name: a whole tensor, as every rank has without
// sharding, its part of a ShardedTensor or a DTensor, or a Python number. Anything else
// is an error.
func (s *Set) Add(r *Rank, name string, v any) error {
	if t, ok, err := r.Tensor(v); ok {
		if err != nil {
			return err
		}
		return s.piece(r, name, t.DType, t.Shape, make([]int64, len(t.Shape)), t)
	}
	class, state := wrapper(v)
	switch class {
	case "ShardedTensor":
		return s.addShards(r, name, state)
	case "DTensor":
		return s.addDTensor(r, name, v, state)
	}
	switch v.(type) {
	case int64, float64, bool:
		return s.number(r, name, v)
	}
	return wrong(r.File.Source.Name, name, "is neither a tensor nor a part of one", nil, describe(v))
}

// AddWhole adds a tensor that one file has whole.
func (s *Set) AddWhole(name string, t tensor.Tensor) {
	full := &Tensor{Tensor: tensor.Tensor{Name: name, DType: t.DType, Shape: t.Shape}}
	full.Add(make([]int64, len(t.Shape)), t)
	s.tensors[name] = full
}

func describe(v any) any {
	if class := ClassOf(v); class != "" {
		return class
	}
	return fmt.Sprintf("%T", v)
}

// number notes a Python number, on which all ranks must agree.
func (s *Set) number(r *Rank, name string, v any) error {
	t := s.tensors[name]
	if t == nil {
		s.tensors[name] = &Tensor{Tensor: tensor.Tensor{Name: name, DType: tensor.Float32, Shape: []int64{}}, Value: v}
		return nil
	}
	if t.Value != v {
		return wrong(r.File.Source.Name, name, "differs between the ranks", t.Value, v)
	}
	return nil
}

// piece adds a block of the tensor of that name, dtype and shape.
func (s *Set) piece(r *Rank, name string, dtype tensor.DType, shape, start []int64, data tensor.Tensor) error {
	t := s.tensors[name]
	if t == nil {
		t = &Tensor{Tensor: tensor.Tensor{Name: name, DType: dtype, Shape: shape}}
		s.tensors[name] = t
	}
	switch {
	case t.Value != nil || t.DType != dtype || !slices.Equal(t.Shape, shape):
		return wrong(r.File.Source.Name, name, "is another tensor than in the file of the first rank",
			fmt.Sprint(t.DType, " ", tensor.ShapeString(t.Shape)), fmt.Sprint(dtype, " ", tensor.ShapeString(shape)))
	case data.DType != dtype:
		return wrong(r.File.Source.Name, name, "has a part of another dtype", dtype, data.DType)
	}
	t.Add(start, data)
	return nil
}

// sameLayout checks that all ranks say the same of how a tensor is cut.
func (s *Set) sameLayout(r *Rank, name, layout string) error {
	own := sha256.Sum256([]byte(layout))
	first, known := s.layouts[name]
	if !known {
		s.layouts[name] = own
		return nil
	}
	if first != own {
		return wrong(r.File.Source.Name, name,
			"is cut differently than the first rank says: the files are of two checkpoints", nil, nil)
	}
	return nil
}
