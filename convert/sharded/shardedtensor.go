package sharded

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"hf2olmo/convert/dcp"
	"hf2olmo/convert/pickle"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

// shard is a block that ShardedTensor's metadata describes, and the rank that has it.
type shard struct {
	start, size []int64
	rank        int
}

func (s shard) String() string {
	return fmt.Sprintf("%v on rank %d", &dcp.Chunk{Start: s.start, Shape: s.size}, s.rank)
}

// addShards adds the parts of a ShardedTensor that a rank has. Its state is a tuple of
// the rank's own shards, the metadata of the whole, the process group, and more.
func (s *Set) addShards(r *Rank, name string, state any) error {
	fields := Items(state)
	if len(fields) < 3 {
		return wrong(r.File.Source.Name, name, "is not what a ShardedTensor is saved as", nil, nil)
	}
	group := Attributes(fields[2])
	if rank, world := group.Get("global_rank"), group.Get("global_world_size"); rank != int64(r.Number) ||
		world != int64(r.World) {
		return wrong(r.File.Source.Name, name, "was saved by another rank than the file's name says",
			fmt.Sprintf("rank %d of %d", r.Number, r.World), fmt.Sprintf("rank %v of %v", rank, world))
	}
	meta := Attributes(fields[1])
	shape, ok := torchfile.OutlineSizes(meta.Get("size"))
	dtype := dtypeOf(first(propertiesOf(meta.Get("tensor_properties"))))
	all, ok1 := shardsOf(Items(meta.Get("shards_metadata")))
	if !ok || !ok1 || dtype.Size() == 0 {
		return wrong(r.File.Source.Name, name, "has metadata without size, dtype or shards", nil, nil)
	}
	if err := s.sameLayout(r, name, cuts(all)); err != nil {
		return err
	}
	var own []shard
	for _, one := range all {
		if one.rank == r.Number {
			own = append(own, one)
		}
	}
	var have []shard
	for _, local := range Items(fields[0]) {
		part := Attributes(local)
		described, ok := shardsOf([]any{part.Get("metadata")})
		t, isTensor, err := r.Tensor(part.Get("tensor"))
		switch {
		case err != nil:
			return err
		case !ok || !isTensor || !slices.Equal(t.Shape, described[0].size):
			return wrong(r.File.Source.Name, name, "has a shard of another shape than its metadata says", nil, nil)
		}
		have = append(have, described[0])
		if err := s.piece(r, name, dtype, shape, described[0].start, t); err != nil {
			return err
		}
	}
	if len(have) == 0 { // less to shard than there are ranks: the tensor is known all the same
		if s.tensors[name] == nil {
			s.tensors[name] = &Tensor{Tensor: tensor.Tensor{Name: name, DType: dtype, Shape: shape}}
		}
	}
	if cuts(own) != cuts(have) {
		return wrong(r.File.Source.Name, name, "has other shards than the metadata gives its rank", own, have)
	}
	return nil
}

// cuts describes how shards cut a tensor, apart from the ranks: each replica of HYBRID_SHARD
// has ranks of its own, and numbers them in the shards from 0.
func cuts(shards []shard) string {
	var all []string
	for _, s := range shards {
		all = append(all, fmt.Sprintf("%v+%v", s.start, s.size))
	}
	return fmt.Sprint(all)
}

// propertiesOf returns the state of TensorProperties: a tuple that begins with the dtype.
func propertiesOf(v any) []any {
	o, _ := v.(*pickle.Object)
	if o == nil {
		return nil
	}
	if dtype := Attributes(v).Get("dtype"); dtype != nil {
		return []any{dtype}
	}
	return Items(o.State)
}

func first(items []any) any {
	if len(items) == 0 {
		return nil
	}
	return items[0]
}

// shardsOf returns the shards that ShardMetadata were folded into.
func shardsOf(items []any) ([]shard, bool) {
	shards := make([]shard, 0, len(items))
	for _, item := range items {
		o, _ := item.(*pickle.Object)
		if o == nil {
			return nil, false
		}
		s, ok := o.State.(*shard)
		if !ok {
			return nil, false
		}
		shards = append(shards, *s)
	}
	return shards, true
}

// readShard reads ShardMetadata: offsets, sizes, and the device that has the shard.
func readShard(o *pickle.Object) (*shard, bool) {
	fields := Attributes(o)
	start, ok := torchfile.OutlineSizes(fields.Get("shard_offsets"))
	size, ok1 := torchfile.OutlineSizes(fields.Get("shard_sizes"))
	rank, ok2 := rankOf(fields.Get("placement"))
	if !ok || !ok1 || !ok2 || len(start) != len(size) {
		return nil, false
	}
	return &shard{start, size, rank}, true
}

var remoteDevice = regexp.MustCompile(`^rank:(\d{1,9})/`)

// rankOf reads a _remote_device: by its attributes, or made of "rank:1/cpu".
func rankOf(v any) (int, bool) {
	if n, ok := Attributes(v).Get("_rank").(int64); ok {
		return int(n), true
	}
	text, _ := first(arguments(v)).(string)
	m := remoteDevice.FindStringSubmatch(text)
	if m == nil {
		return 0, false
	}
	n, err := strconv.Atoi(m[1])
	return n, err == nil
}
