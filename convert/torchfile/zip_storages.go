package torchfile

import (
	"maps"
	"slices"
	"strings"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/tensor"
)

// record is the entry of a storage.
type record struct {
	of *storage
	tensor.Record
}

// findAll fills in where the storages are, and finds those too that no tensor refers to.
func (a *archive) findAll() error {
	for _, key := range slices.Sorted(maps.Keys(a.storages)) {
		a.find(a.storages[key])
	}
	for _, full := range slices.Sorted(maps.Keys(a.entries)) {
		name, inside := strings.CutPrefix(full, a.top+"/")
		if key, ok := storageKey(name); inside && ok && a.storages[key] == nil {
			s := &storage{key: key}
			if a.find(s); s.lost != nil && s.offset == 0 {
				return s.lost
			}
		}
	}
	return nil
}

// find fills in where a storage is, or why its tensors cannot be read.
func (a *archive) find(s *storage) {
	name := storageFolder + s.key
	from, size, err := a.locate(name)
	if err == nil {
		crc := a.entries[a.top+"/"+name].CRC32
		a.records = append(a.records, record{s, tensor.Record{Name: name, Offset: from, Bytes: size, CRC: crc}})
	}
	if err == nil && size != s.bytes() {
		f := damaged("its storage %s has a wrong size", s.key)
		f.Expected, f.Found = fault.Bytes(s.bytes()), fault.Bytes(size)
		err = f
	}
	s.offset = from
	s.lost = asFault(err)
}

// addRecords adds the records of the storages to file, in which the archive begins at
// offset.
func (a *archive) addRecords(file *tensor.File, offset int64) {
	if a.noSums {
		file.NoSums = true
		return
	}
	for _, r := range a.records {
		r.Tensor = r.of.tensor
		r.Offset += offset
		file.Records = append(file.Records, r.Record)
	}
}
