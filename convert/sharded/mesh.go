package sharded

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

// maxRanks bounds the ranks of a mesh, whatever a file claims.
const maxRanks = 1 << 20

// mesh is a DeviceMesh: the ranks of a run, arranged in one or more dimensions.
type mesh struct {
	sizes []int64 // of its dimensions
	ranks []int64 // in row-major order
	at    []int64 // where the rank that saved it is, nil if it does not say
}

// String describes the mesh apart from the rank that saved it.
func (m mesh) String() string { return fmt.Sprint(m.sizes, m.ranks) }

// mesh reads a DeviceMesh: up to torch 2.7 or so a tensor of ranks, later a layout over
// a list of them.
func (r *Rank) mesh(v any) (mesh, error) {
	fields := Attributes(v)
	m := mesh{}
	m.at, _ = torchfile.OutlineSizes(fields.Get("_coordinate_on_dim"))
	if saved := fields.Get("mesh"); saved != nil {
		t, ok, err := r.Tensor(saved)
		if !ok || err != nil {
			return m, errors.New("has a device mesh that cannot be read")
		}
		m.sizes = t.Shape
		m.ranks, err = r.ints(t)
		return m, err
	}
	t, ok, err := r.Tensor(fields.Get("_rank_map"))
	if !ok || err != nil {
		return m, errors.New("has a device mesh that cannot be read")
	}
	all, err := r.ints(t)
	if err != nil {
		return m, err
	}
	return m, m.arrange(all, Attributes(fields.Get("_layout")))
}

// arrange picks the ranks of the mesh from all of them, by shapes and strides.
func (m *mesh) arrange(all []int64, layout *torchfile.Map) error {
	broken := errors.New("has a device mesh with a layout that cannot be read")
	places := []int64{0}
	var shapes, strides [][]int64
	for _, axis := range Items(layout.Get("axes")) {
		fields := Attributes(axis)
		shapes, strides = append(shapes, oneOrMore(fields.Get("shape"))), append(strides, oneOrMore(fields.Get("stride")))
	}
	if shapes == nil { // before the axes had a class of their own
		for i, item := range Items(layout.Get("shape")) {
			steps := Items(layout.Get("stride"))
			if i >= len(steps) {
				return broken
			}
			shapes, strides = append(shapes, oneOrMore(item)), append(strides, oneOrMore(steps[i]))
		}
	}
	for i, shape := range shapes {
		if len(shape) == 0 || len(shape) != len(strides[i]) {
			return broken
		}
		size := int64(1)
		for k, n := range shape {
			size *= n
			if n < 1 || n > maxRanks || size > maxRanks || int64(len(places))*n > maxRanks {
				return broken
			}
			var next []int64
			for _, p := range places {
				for j := range n {
					next = append(next, p+j*strides[i][k])
				}
			}
			places = next
		}
		m.sizes = append(m.sizes, size)
	}
	for _, p := range places {
		if p < 0 || p >= int64(len(all)) {
			return broken
		}
		m.ranks = append(m.ranks, all[p])
	}
	return nil
}

func oneOrMore(v any) []int64 {
	if n, ok := v.(int64); ok {
		return []int64{n}
	}
	sizes, _ := torchfile.OutlineSizes(v)
	return sizes
}

// coordinates returns where a rank is in the mesh, which must have every rank once.
func (m *mesh) coordinates(r *Rank) ([]int64, error) {
	sorted := slices.Sorted(slices.Values(m.ranks))
	for i, n := range sorted {
		if n != int64(i) || len(sorted) != r.World {
			return nil, fmt.Errorf("has a device mesh of the ranks %v, but %d ranks saved files", m.ranks, r.World)
		}
	}
	if n, ok := tensor.Product(m.sizes); !ok || n != int64(len(m.ranks)) {
		return nil, errors.New("has a device mesh with a layout that cannot be read")
	}
	place := int64(slices.Index(m.ranks, int64(r.Number)))
	at := make([]int64, len(m.sizes))
	for d := len(m.sizes) - 1; d >= 0; d-- {
		at[d] = place % m.sizes[d]
		place /= m.sizes[d]
	}
	if m.at != nil && !slices.Equal(m.at, at) {
		return nil, fmt.Errorf("was saved by the rank at %v of the mesh, but the file is that of the rank at %v", m.at, at)
	}
	return at, nil
}

// ints reads a small tensor of int64 or int32.
func (r *Rank) ints(t tensor.Tensor) ([]int64, error) {
	if t.Numel() > maxRanks || t.DType != tensor.Int64 && t.DType != tensor.Int32 {
		return nil, errors.New("has a device mesh that cannot be read")
	}
	b, err := r.bytes(t)
	if err != nil {
		return nil, err
	}
	ints := make([]int64, t.Numel())
	for i := range ints {
		if t.DType == tensor.Int64 {
			ints[i] = int64(binary.LittleEndian.Uint64(b[8*i:]))
		} else {
			ints[i] = int64(int32(binary.LittleEndian.Uint32(b[4*i:])))
		}
	}
	return ints, nil
}
