package torchfile

import (
	"encoding/binary"
	"fmt"
	"io"

	"hf2olmo/convert/pickle"
)

// loadLegacy reads the older format: pickles, and then the storages, one after the other.
func loadLegacy(r io.ReaderAt, size int64) (*Loaded, error) {
	src, l := pickle.NewSource(r, 0, size), newLoading()
	var parts []any // the magic number, the version, facts of the machine, the value, the keys of the storages
	for range 5 {
		v, err := l.read(src)
		if err != nil {
			return nil, err
		}
		parts = append(parts, v)
	}
	if parts[1] != any(int64(legacyProtocol)) {
		return nil, stops("RuntimeError: Invalid protocol version",
			"has a version of the older format that torch does not read")
	}
	keys, ok := parts[4].(*pickle.List)
	if !ok {
		return nil, stops("TypeError", "the list of storages is missing")
	}
	end := src.Offset()
	for _, item := range keys.Items {
		key, _ := item.(string)
		s, known := l.storages[key]
		if !known {
			return nil, stops("AssertionError: storage key not found in deserialized_objects",
				"the list of storages does not match the tensors")
		}
		if s.bytes > size-end-numelSize {
			return nil, stops("RuntimeError: unexpected EOF. The file might be corrupted", "the file is cut short")
		}
		var word [numelSize]byte
		if err := readAt(r, word[:], end); err != nil {
			return nil, err
		}
		if binary.LittleEndian.Uint64(word[:]) != uint64(s.numel) {
			return nil, damaged("a storage has a wrong number of elements")
		}
		end += numelSize + s.bytes
	}
	loaded, err := l.done(parts[3])
	if err == nil && end < size {
		loaded.Unusual = append(loaded.Unusual, fmt.Sprintf("%d bytes follow the last tensor", size-end))
	}
	return loaded, err
}
