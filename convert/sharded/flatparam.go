package sharded

import (
	"fmt"

	"hf2olmo/convert/pickle"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

// An Interval is which elements of a parameter a rank has, in row-major order. Those of
// the parameter's moments are the same.
type Interval struct{ First, Count int64 }

// AddFlat adds the parts of the parameters that lie in one flat parameter of
// FullyShardedDataParallel, and notes in held which interval of each the rank has.
// handle is a dict of its attributes; names are those of the parameters, in its order.
// Between parameters there may be padding, which belongs to none of them.
func (s *Set) AddFlat(r *Rank, handle *pickle.Map, names []string, held map[string]Interval) error {
	const key = "flat_param."
	flat, ok, err := r.Tensor(handle.Get(key + "data"))
	if err != nil {
		return err
	}
	shapes := Items(handle.Get(key + "_shapes"))
	infos := shardInfos(handle)
	if !ok || len(flat.Shape) != 1 || !flat.Contiguous() || len(shapes) != len(names) || len(infos) != len(names) {
		return wrong(r.File.Source.Name, key+"data", "is not a flat parameter with names, shapes and shards", nil, nil)
	}
	for i, name := range names {
		shape, ok := torchfile.OutlineSizes(shapes[i])
		numel, fits := tensor.Product(shape)
		if !ok || !fits {
			return wrong(r.File.Source.Name, name, "has an impossible shape", nil, nil)
		}
		t := s.tensors[name]
		if t == nil {
			t = &Tensor{Tensor: tensor.Tensor{Name: name, DType: flat.DType, Shape: shape, Flat: true}}
			s.tensors[name] = t
		}
		info := infos[i]
		if info.Count == 0 {
			continue
		}
		if info.offset < 0 || info.First < 0 || info.Count < 0 || info.Count > numel || info.First > numel-info.Count ||
			info.offset > flat.Shape[0]-info.Count {
			return wrong(r.File.Source.Name, name, "has a shard that reaches past its flat parameter",
				fmt.Sprintf("%d elements at most", flat.Shape[0]), fmt.Sprintf("%d from element %d", info.Count, info.offset))
		}
		data := flat
		data.Shape, data.Stride = []int64{info.Count}, nil
		data.Offset += info.offset * flat.DType.Size()
		if err := s.piece(r, name, flat.DType, shape, []int64{info.First}, data); err != nil {
			return err
		}
		held[name] = info.Interval
	}
	return nil
}

// AddMoment adds a part of a moment, which lies like its parameter's.
func (s *Set) AddMoment(r *Rank, name string, shape []int64, at Interval, data tensor.Tensor) error {
	if data.Numel() != at.Count || !data.Contiguous() {
		return wrong(r.File.Source.Name, name, "has another number of elements than the rank's part of the parameter",
			at.Count, data.Numel())
	}
	if s.tensors[name] == nil {
		s.tensors[name] = &Tensor{Tensor: tensor.Tensor{Name: name, DType: data.DType, Shape: shape, Flat: true}}
	}
	data.Shape, data.Stride = []int64{at.Count}, nil
	return s.piece(r, name, data.DType, shape, []int64{at.First}, data)
}

// shardInfo is where a rank's part of a parameter lies in its flat parameter.
type shardInfo struct {
	Interval
	offset int64
}

// shardInfos reads _ShardParamInfo tuples (in shard, offset, numel, first, last), or
// what torch 2.0 had in their place.
func shardInfos(handle *pickle.Map) []shardInfo {
	var infos []shardInfo
	if indices := Items(handle.Get("flat_param._shard_indices")); len(indices) == 2 {
		return oldShardInfos(handle, indices)
	}
	for _, item := range Items(handle.Get("flat_param._shard_param_infos")) {
		fields := arguments(item)
		if len(fields) != 5 {
			return nil
		}
		if fields[0] != true {
			infos = append(infos, shardInfo{})
			continue
		}
		offset, ok := fields[1].(int64)
		count, ok1 := fields[2].(int64)
		first, ok2 := fields[3].(int64)
		last, ok3 := fields[4].(int64)
		if !ok || !ok1 || !ok2 || !ok3 || last-first+1 != count || count < 1 {
			return nil
		}
		infos = append(infos, shardInfo{Interval{first, count}, offset})
	}
	return infos
}

// oldShardInfos reads the first and the last parameter of a shard, and of each the
// first and the last element. They follow one another without padding.
func oldShardInfos(handle *pickle.Map, indices []any) []shardInfo {
	from, ok := indices[0].(int64)
	to, ok1 := indices[1].(int64)
	spans := Items(handle.Get("flat_param._shard_param_offsets"))
	names := Items(handle.Get("flat_param._fqns"))
	if !ok || !ok1 {
		return nil
	}
	infos := make([]shardInfo, len(names))
	offset := int64(0)
	for i := range spans {
		at := from + int64(i)
		span, ok := torchfile.OutlineSizes(spans[i])
		if !ok || len(span) != 2 || span[1] < span[0] || at < 0 || at > to || at >= int64(len(names)) {
			return nil
		}
		infos[at] = shardInfo{Interval{span[0], span[1] - span[0] + 1}, offset}
		offset += span[1] - span[0] + 1
	}
	return infos
}
