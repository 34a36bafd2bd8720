package torchfile

import (
	"encoding/binary"
	"io"
	"math"

	"github.com/nlpodyssey/gopickle/types"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/pickle"
)

// legacyProtocol is the only version of the older format that torch ever wrote.
const legacyProtocol = 1001

// numelSize is the size of the number before the elements of each storage.
const numelSize = 8

// readLegacy returns the value in a file in the older format, with the offsets of all
// storages filled in.
func readLegacy(r io.ReaderAt, size int64) (any, error) {
	src := pickle.NewSource(r, 0, size)
	if err := readPreamble(src); err != nil {
		return nil, err
	}
	data, err := tensorWords.Scan(src)
	if err != nil {
		return nil, err
	}
	storages := newStorages(true)
	value, err := tensorWords.Unpickle(data, storages.load)
	if err != nil {
		return nil, err
	}
	keys, err := readKeys(src, storages.byKey)
	if err != nil {
		return nil, err
	}
	return value, findLegacy(r, src.Offset(), size, keys)
}

// readValue reads one pickle without storages.
func readValue(src *pickle.Source) (any, error) {
	data, err := tensorWords.Scan(src)
	if err != nil {
		return nil, err
	}
	return tensorWords.Unpickle(data, newStorages(true).load)
}

// readPreamble reads the magic number, which isLegacy has seen, the protocol version
// and the facts of the machine that wrote the file.
func readPreamble(src *pickle.Source) error {
	if _, err := readValue(src); err != nil {
		return err
	}
	version, err := readValue(src)
	if err != nil {
		return err
	}
	if version != legacyProtocol {
		return damaged("the file has a protocol version that torch never wrote")
	}
	machine, err := readValue(src)
	if err != nil {
		return err
	}
	items, _ := dictItems(machine)
	for _, item := range items {
		switch {
		case item.Key == "little_endian" && item.Value == true:
			return nil
		case item.Key == "little_endian" && item.Value == false:
			return bigEndian()
		}
	}
	return damaged("the file does not give its byte order")
}

// readKeys reads the list of storages, in the order of their bytes.
func readKeys(src *pickle.Source, storages map[string]*storage) ([]*storage, error) {
	value, err := readValue(src)
	if err != nil {
		return nil, err
	}
	list, ok := value.(*types.List)
	if !ok {
		return nil, pickle.Broken("no list of storages")
	}
	var ordered []*storage
	listed := map[string]bool{}
	for _, item := range *list {
		key, _ := item.(string)
		s := storages[key]
		if s == nil || listed[key] {
			return nil, damaged("the list of storages does not match the tensors")
		}
		listed[key] = true
		ordered = append(ordered, s)
	}
	if len(ordered) != len(storages) {
		return nil, damaged("the list of storages does not match the tensors")
	}
	return ordered, nil
}

// findLegacy fills in where the storages are: one after the other from pos, each
// after its number of elements. They must end where the file ends.
func findLegacy(r io.ReaderAt, pos, size int64, storages []*storage) error {
	end := pos
	for _, s := range storages {
		if s.bytes() > math.MaxInt64-numelSize-end {
			return pickle.Broken("storages of an impossible size")
		}
		s.offset = end + numelSize
		end = s.offset + s.bytes()
	}
	if end > size {
		return cutShort(fault.Bytes(end), size)
	}
	if end < size {
		f := damaged("the file continues after its last tensor")
		f.Expected, f.Found = fault.Bytes(end), fault.Bytes(size)
		return f
	}
	for _, s := range storages {
		var word [numelSize]byte
		if err := readAt(r, word[:], s.offset-numelSize); err != nil {
			return err
		}
		if numel := int64(binary.LittleEndian.Uint64(word[:])); numel != s.numel {
			s.lost = damaged("its storage has a wrong number of elements")
			s.lost.Expected, s.lost.Found = elements(s.numel, true), elements(numel, true)
		}
	}
	return nil
}

func bigEndian() *fault.Fault {
	f := problem("the file was written on a big-endian machine, which is not supported")
	f.Hint = "Load the file with torch.load on a common machine and save it again with torch.save."
	return f
}
