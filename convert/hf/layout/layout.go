// Package layout says which files a Hugging Face folder has and where each tensor is in them,
// before a byte is written: model.safetensors, or shards of a bounded size with an index, as
// save_pretrained of transformers writes them.
package layout

import (
	"cmp"
	"fmt"
	"slices"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/safetensors"
	"hf2olmo/convert/torchfile"
	"hf2olmo/keymap"
)

// The names of the files with the weights.
const (
	WeightsFile = "model.safetensors"
	IndexFile   = "model.safetensors.index.json"
)

// shardName is what the n-th of all shards is called, counted from 1.
func shardName(n, all int) string { return fmt.Sprintf("model-%05d-of-%05d.safetensors", n, all) }

// IsShard reports whether name is that of a shard.
func IsShard(name string) bool {
	var n, all int
	_, err := fmt.Sscanf(name, "model-%d-of-%d.safetensors", &n, &all)
	return err == nil && name == shardName(n, all)
}

// Weights lays out the files with the tensors, in their order: shards of at most maxShard bytes
// of elements, of which a larger tensor gets one of its own. The index is nil if there is one
// file.
func Weights(tensors []assemble.Tensor, maxShard int64) (files []assemble.File, index []byte, err error) {
	shards := split(tensors, maxShard)
	places, total := keymap.Object{}, int64(0)
	for i, shard := range shards {
		name := WeightsFile
		if len(shards) > 1 {
			name = shardName(i+1, len(shards))
		}
		file, err := lay(name, tensors, shard)
		if err != nil {
			return nil, nil, err
		}
		files = append(files, file)
		for _, t := range shard {
			places = append(places, keymap.Setting{Name: tensors[t].Name, Value: name})
			total += tensors[t].Content.Bytes()
		}
	}
	if len(shards) > 1 {
		index, err = keymap.Object{{Name: "metadata", Value: keymap.Object{{Name: "total_size", Value: int(total)}}},
			{Name: "weight_map", Value: places}}.JSON()
	}
	return files, index, err
}

// split returns the numbers of the tensors of each shard.
func split(tensors []assemble.Tensor, maxShard int64) [][]int {
	shards, size := [][]int{{}}, int64(0)
	for i := range tensors {
		n := tensors[i].Content.Bytes()
		last := len(shards) - 1
		if len(shards[last]) > 0 && n > maxShard-size {
			shards, size = append(shards, []int{}), 0
			last++
		}
		shards[last] = append(shards[last], i)
		size += n
	}
	return shards
}

// lay lays out one file.
func lay(name string, tensors []assemble.Tensor, numbers []int) (assemble.File, error) {
	var entries []safetensors.Entry
	for _, i := range numbers {
		t := &tensors[i]
		entries = append(entries, safetensors.Entry{Name: t.Name, DType: t.Content.DType, Shape: t.Shape})
	}
	l, err := safetensors.Plan(entries)
	if err != nil {
		return assemble.File{}, err
	}
	f := assemble.File{Name: name, Size: l.Size, Frame: func([]uint32) []torchfile.Piece {
		return []torchfile.Piece{{Data: l.Header}}
	}}
	for n, i := range numbers {
		place := torchfile.Extent{Offset: l.Offsets[n], Bytes: tensors[i].Content.Bytes()}
		f.Runs = append(f.Runs, assemble.Run{Tensor: i, Place: place})
	}
	slices.SortFunc(f.Runs, func(a, b assemble.Run) int { return cmp.Compare(a.Place.Offset, b.Place.Offset) })
	return f, nil
}
