package dcp

import (
	"encoding/binary"
	"path"
	"strings"

	"github.com/nlpodyssey/gopickle/types"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/pickle"
)

// readPlaces reads storage_data: where the item of each chunk is, and each blob. Chunks
// are known by their tensor's name and where they start in it, blobs by their name.
func readPlaces(places *types.Dict) (index map[string]Chunk, blobs map[string]Blob, f *fault.Fault) {
	index, blobs = map[string]Chunk{}, map[string]Blob{}
	dimensions := 0
	for _, entry := range *places {
		key, ok := attributes(entry.Key, classIndex)
		place, ok1 := attributes(entry.Value, classPlace)
		if !ok1 {
			place, ok1 = attributes(entry.Value, corePlace)
		}
		if !ok || !ok1 {
			return nil, nil, wrong("a place in storage_data of another class")
		}
		name, ok := key["fqn"].(string)
		c, isPlace := readPlace(place)
		if _, twice := blobs[name]; key["offset"] == nil && ok && isPlace && !twice {
			blobs[name] = Blob{Name: name, File: c.File, Offset: c.Offset, Bytes: c.Bytes}
			continue
		}
		start, isStart := numbers(key["offset"])
		_, isList := key["offset"].(*types.List) // which cannot be a part of a key
		if !ok || !isStart || isList || !isPlace {
			return nil, nil, wrong("a place in storage_data without name, offset or file")
		}
		if dimensions += len(start); dimensions > mostNumbers || len(index) > mostChunks {
			return nil, nil, wrong("more chunks than any checkpoint has")
		}
		index[placeKey(name, start)] = c
	}
	return index, blobs, nil
}

// placeKey is one text for a name and numbers.
func placeKey(name string, start []int64) string {
	key := binary.AppendVarint(make([]byte, 0, len(name)+2*len(start)+1), int64(len(start)))
	for _, n := range start {
		key = binary.AppendVarint(key, n)
	}
	return string(append(key, name...))
}

// readPlace reads a _StorageInfo. A path that leads out of the folder is refused, and so is
// one with more in it than names: through a folder that is not there, or a link, it leads elsewhere.
func readPlace(place map[string]any) (Chunk, bool) {
	file, ok := place["relative_path"].(string)
	offset, ok1 := place["offset"].(int)
	bytes, ok2 := place["length"].(int)
	if !ok || !ok1 || !ok2 || offset < 0 || bytes < 0 || file == "" || len(file) > 4096 ||
		path.IsAbs(file) || strings.ContainsRune(file, 0) || path.Clean(file) != file || file == ".." ||
		strings.HasPrefix(file, "../") {
		return Chunk{}, false
	}
	return Chunk{File: file, Offset: int64(offset), Bytes: int64(bytes)}, true
}

// numbers reads a torch.Size, or a tuple or list in its place.
func numbers(value any) ([]int64, bool) {
	if call, ok := value.(*pickle.Call); ok && call.Function == sizeFunction && len(call.Args) == 1 {
		value = call.Args[0]
	}
	return pickle.Sizes(value, 64) // no tensor of torch has more dimensions
}
