package sharded

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"hf2olmo/convert/pickle"
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
	return m, m.arrange(all, Attributes(fields.Get("_layout")), int64(r.Number))
}

// arrange picks the ranks of the mesh from all of them, by shapes and strides. If these are
// of a part of a mesh, it is the part that has the rank that saved it.
func (m *mesh) arrange(all []int64, layout *pickle.Map, rank int64) error {
	broken := errors.New("has a device mesh with a layout that cannot be read")
	places := []int64{0}
	shapes, strides, ok := axes(layout)
	if !ok {
		return broken
	}
	for i, shape := range shapes {
		if len(shape) != len(strides[i]) {
			return broken
		}
		size := int64(1)
		for k, n := range shape {
			size *= n
			if n < 1 || n > maxRanks || size > maxRanks || strides[i][k] > maxRanks || int64(len(places))*n > maxRanks {
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
	first := firstOfPart(shapes, strides, places, int64(slices.Index(all, rank)))
	for _, p := range places {
		if p += first; p < 0 || p >= int64(len(all)) {
			return broken
		}
		m.ranks = append(m.ranks, all[p])
	}
	return nil
}

// firstOfPart returns what to add to the places of a part of a mesh so that one of them is at:
// 0 or a sum of steps between those of its dimensions. It is 0 if there is none.
func firstOfPart(shapes, strides [][]int64, places []int64, at int64) int64 {
	type axis struct{ shape, stride int64 }
	var all []axis
	for i := range shapes {
		for k, n := range shapes[i] {
			if n > 1 && strides[i][k] > 0 {
				all = append(all, axis{n, strides[i][k]})
			}
		}
	}
	slices.SortFunc(all, func(a, b axis) int { return cmp.Compare(a.stride, b.stride) })
	for _, p := range places {
		rest, first, step := at-p, int64(0), int64(1)
		for _, a := range all {
			if between := a.stride / step; between > 1 {
				first += rest / step % between * step
			}
			step = a.shape * a.stride
		}
		if first += rest / step * step; rest >= 0 && first == rest {
			return first
		}
	}
	return 0
}

// axes returns the shapes and the strides of a mesh's dimensions, each of which may be
// made of several, or of none if it has one rank.
func axes(layout *pickle.Map) (shapes, strides [][]int64, ok bool) {
	var pairs [][2]any
	for _, axis := range Items(layout.Get("axes")) {
		fields := Attributes(axis)
		pairs = append(pairs, [2]any{fields.Get("shape"), fields.Get("stride")})
	}
	if pairs == nil { // before the axes had a class of their own
		steps := Items(layout.Get("stride"))
		for i, item := range Items(layout.Get("shape")) {
			if i >= len(steps) {
				return nil, nil, false
			}
			pairs = append(pairs, [2]any{item, steps[i]})
		}
	}
	for _, pair := range pairs {
		shape, ok := oneOrMore(pair[0])
		stride, ok1 := oneOrMore(pair[1])
		if !ok || !ok1 {
			return nil, nil, false
		}
		shapes, strides = append(shapes, shape), append(strides, stride)
	}
	return shapes, strides, true
}

func oneOrMore(v any) ([]int64, bool) {
	if n, ok := v.(int64); ok {
		return []int64{n}, true
	}
	return torchfile.OutlineSizes(v)
}

// whole reports whether the mesh has all ranks of a run. One of fewer is a part of a mesh:
// what only one of its dimensions cuts is saved by every part.
func (m *mesh) whole(world int) bool { return len(m.ranks) == world }

// coordinates returns where a rank is in the mesh, which must have each of its ranks once.
func (m *mesh) coordinates(r *Rank) ([]int64, error) {
	sorted := slices.Sorted(slices.Values(m.ranks))
	for i, n := range sorted {
		if n < 0 || n >= int64(r.World) || i > 0 && n == sorted[i-1] || r.World%len(sorted) != 0 ||
			!slices.Contains(m.ranks, int64(r.Number)) {
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
		return nil, errors.New("has a device mesh that cannot be read")
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
