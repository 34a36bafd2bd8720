package sharded

import (
	"errors"
	"fmt"
	"slices"

	"hf2olmo/convert/pickle"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

// addDTensor adds the local tensor of a DTensor. Where it lies in the whole follows from
// the mesh of ranks and from how each dimension of the mesh cuts the tensor, or
// replicates it.
func (s *Set) addDTensor(r *Rank, name string, v, state any) error {
	fields := Attributes(&pickle.Object{State: state})
	spec := Attributes(fields.Get("_spec"))
	shape, ok := torchfile.OutlineSizes(first(arguments(spec.Get("tensor_meta"))))
	local, isTensor, err := r.Tensor(fields.Get("_local_tensor"))
	switch {
	case err != nil:
		return err
	case !ok || !isTensor:
		return wrong(r.File.Source.Name, name, "is not what a DTensor is saved as", nil, nil)
	}
	m, err := r.mesh(spec.Get("mesh"))
	if err != nil {
		return wrong(r.File.Source.Name, name, err.Error(), nil, nil)
	}
	at, err := m.coordinates(r)
	if err != nil {
		return wrong(r.File.Source.Name, name, err.Error(), nil, nil)
	}
	placements := Items(spec.Get("placements"))
	layout := fmt.Sprint(shape, m.sizes, placementNames(placements))
	if m.whole(r.World) {
		layout = fmt.Sprint(shape, m, placementNames(placements))
	}
	if err := s.sameLayout(r, name, layout); err != nil {
		return err
	}
	start, size, err := block(shape, m.sizes, at, placements)
	if err != nil {
		return wrong(r.File.Source.Name, name, err.Error(), nil, nil)
	}
	if !slices.Equal(size, local.Shape) {
		return wrong(r.File.Source.Name, name, "has a local tensor of another shape than its rank should have",
			tensor.ShapeString(size), tensor.ShapeString(local.Shape))
	}
	return s.piece(r, name, local.DType, shape, start, local)
}

// block returns which part of a tensor the rank at a place of the mesh has. Each
// dimension of the mesh cuts what the ones before it left, in chunks of as many rows
// as the first rank has; but a strided one cuts what the one behind it left, as where
// tensor parallelism cuts a matrix before FSDP does.
func block(shape, mesh, at []int64, placements []any) (start, size []int64, err error) {
	if len(placements) != len(mesh) {
		return nil, nil, fmt.Errorf("has %d placements on a mesh of %d dimensions", len(placements), len(mesh))
	}
	start, size = make([]int64, len(shape)), slices.Clone(shape)
	cutters := make([]int64, len(shape)) // how many pieces each dimension of the tensor was cut into
	for dim := range cutters {
		cutters[dim] = 1
	}
	for _, strided := range []bool{false, true} {
		for i, p := range placements {
			dim, split, err := placement(p, len(shape))
			if err != nil {
				return nil, nil, err
			}
			if dim < 0 || strided != (split > 0) {
				continue
			}
			if strided && split != cutters[dim] {
				return nil, nil, fmt.Errorf("is cut in strides of %d, and then into %d pieces", split, cutters[dim])
			}
			chunk := (size[dim] + mesh[i] - 1) / mesh[i]
			from := min(size[dim], at[i]*chunk)
			start[dim] += from
			size[dim] = min(size[dim], from+chunk) - from
			cutters[dim] *= mesh[i]
		}
	}
	return start, size, nil
}

// placement returns the dimension of a tensor that a dimension of the mesh cuts, -1 for
// one that replicates it; split is that of a strided one, 0 for any other.
func placement(p any, dims int) (dim int, split int64, err error) {
	fields := Attributes(p)
	switch class := ClassOf(p); class {
	case "Replicate":
		return -1, 0, nil
	case "Shard":
	case "_StridedShard":
		if split, _ = fields.Get("split_factor").(int64); split < 1 {
			return 0, 0, errors.New("is cut in strides that it does not say")
		}
	default:
		return 0, 0, fmt.Errorf("is placed as %s, which cannot be put together", class)
	}
	n, ok := fields.Get("dim").(int64)
	if !ok || n < 0 || n >= int64(dims) {
		return 0, 0, errors.New("is cut along a dimension that it does not have")
	}
	return int(n), split, nil
}

// placementNames describes placements, to compare those of two ranks.
func placementNames(placements []any) []string {
	var names []string
	for _, p := range placements {
		names = append(names, fmt.Sprint(ClassOf(p), Attributes(p).Get("dim")))
	}
	return names
}
