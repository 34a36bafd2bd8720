package check

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"

	"hf2olmo/convert/pickle"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

const maxHeader = 16 << 20 // of a safetensors file; real ones have a few hundred thousand bytes

// shadow is for a .safetensors file that the trainer reads in place of a .pt. It
// returns the tensors if the trainer itself wrote it: their names are pickled and
// in base64. Those of anybody else end in an error.
func (c fileChecks) shadow(name, other string) []saved {
	entries, err := c.safetensorsHeader(other)
	if err != nil {
		c.add("shadowed/broken", about{file: other}, "name", name, "cause", err)
		return nil
	}
	var tensors []saved
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		path, ok := ownKey(key)
		if !ok {
			c.add("shadowed/foreign", about{file: other, found: key}, "name", name)
			return nil
		}
		if len(path) == 1 {
			tensors = append(tensors, saved{name: path[0], shape: entries[key].Shape})
		}
	}
	c.add("shadowed/own", about{file: other}, "name", name)
	return tensors
}

type safetensorsEntry struct {
	DType string  `json:"dtype"`
	Shape []int64 `json:"shape"`
}

// safetensorsHeader reads the names and shapes of a safetensors file.
func (c fileChecks) safetensorsHeader(name string) (map[string]safetensorsEntry, error) {
	f, info, err := c.dir.open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var size [8]byte
	if _, err := io.ReadFull(f, size[:]); err != nil {
		return nil, errors.New("it is cut short")
	}
	n := binary.LittleEndian.Uint64(size[:])
	if n > maxHeader || int64(n) > info.Size()-8 {
		return nil, errors.New("its header is larger than the file, or than any model's")
	}
	header := make([]byte, n)
	if _, err := io.ReadFull(f, header); err != nil {
		return nil, errors.New("it is cut short")
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(header, &raw); err != nil {
		return nil, errors.New("its header is no JSON")
	}
	delete(raw, "__metadata__")
	if len(raw) > tensor.MaxTensors {
		return nil, errors.New("its header has more tensors than any model")
	}
	entries := map[string]safetensorsEntry{}
	for key, text := range raw {
		var e safetensorsEntry
		if json.Unmarshal(text, &e) != nil {
			return nil, errors.New("its header is broken")
		}
		if _, ok := tensor.Product(e.Shape); !ok || len(e.Shape) > tensor.MaxDims {
			return nil, errors.New("a shape in its header is impossible")
		}
		entries[key] = e
	}
	return entries, nil
}

// ownKey decodes a name that the trainer wrote: ((key, key, …), is the value pickled).
func ownKey(name string) ([]string, bool) {
	text, err := base64.URLEncoding.DecodeString(name)
	if err != nil {
		return nil, false
	}
	v, err := torchfile.OpenOutline(bytes.NewReader(text), int64(len(text)))
	pair, ok := v.(*pickle.List)
	if err != nil || !ok || len(pair.Items) != 2 {
		return nil, false
	}
	keys, ok := pair.Items[0].(*pickle.List)
	if _, isBool := pair.Items[1].(bool); !ok || !isBool {
		return nil, false
	}
	var path []string
	for _, key := range keys.Items {
		s, ok := key.(string)
		if !ok {
			return []string{"", ""}, true // the number of a parameter group
		}
		path = append(path, s)
	}
	return path, true
}
