package torchfile

import (
	"archive/zip"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"slices"
	"strings"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/pickle"
	"hf2olmo/convert/tensor"
)

// archive is the directory of a zip archive. Entries are read only by locate.
type archive struct {
	r       io.ReaderAt
	end     zipEnd
	entries map[string]*zip.File
	top     string // the folder that holds data.pkl
	noSums  bool   // torch was told to write no checksums
	used    []span

	storages map[string]*storage // that the pickle names, by their keys
	records  []record            // of all storages
}

// record is the entry of a storage.
type record struct {
	of *storage
	tensor.Record
}

// span is a stretch of the file that an entry takes, with at least its header.
type span struct {
	from, to int64
	name     string
}

// readZip returns what data.pkl holds, with the places of all storages filled in. Whoever
// has found no other fault then calls checkNames.
func readZip(r io.ReaderAt, size int64) (any, *archive, error) {
	a, err := openArchive(r, size)
	if err != nil {
		return nil, nil, err
	}
	data, err := a.readPickle()
	if err != nil {
		return nil, nil, err
	}
	if err := a.checkSmall(); err != nil {
		return nil, nil, err
	}
	storages := newStorages(false)
	value, err := tensorWords.Unpickle(data, storages.load)
	if err != nil {
		return nil, nil, err
	}
	a.storages = storages.byKey
	if err := a.findAll(); err != nil {
		return nil, nil, err
	}
	return value, a, a.checkOverlap()
}

// openArchive reads the directory of an archive that torch.save wrote.
func openArchive(r io.ReaderAt, size int64) (*archive, error) {
	a, err := openDirectory(r, size)
	if err != nil {
		return nil, err
	}
	return a, a.checkKind()
}

// openDirectory reads the directory of any archive. Nobody else calls archive/zip, which
// takes what the end of the archive claims for true.
func openDirectory(r io.ReaderAt, size int64) (*archive, error) {
	end, err := readEnd(r, size)
	if err != nil {
		return nil, err
	}
	z, err := zip.NewReader(r, size)
	if err != nil || len(z.File) == 0 {
		return nil, brokenDirectory()
	}
	if err := walkDirectory(r, z.File, end, checkRecord); err != nil {
		return nil, err
	}
	a := &archive{r: r, end: end, entries: make(map[string]*zip.File, len(z.File)), noSums: true}
	folded := make(map[string]string, len(z.File))
	for _, f := range z.File {
		if !plainName(f.Name) {
			return nil, damaged("the zip archive has an entry %q, which leads out of it", f.Name)
		}
		if a.entries[f.Name] != nil {
			return nil, damaged("the zip archive has two entries %q", f.Name)
		}
		// torch finds entries whatever the case of their names, and takes either.
		lower := asciiLower(f.Name)
		if other, twice := folded[lower]; twice {
			return nil, damaged("the zip archive has two entries that differ only in case, %q and %q", other, f.Name)
		}
		folded[lower] = f.Name
		a.entries[f.Name] = f
		a.noSums = a.noSums && f.CRC32 == 0
	}
	// As torch does: the folder of the first entry is that of all.
	a.top, _, _ = strings.Cut(z.File[0].Name, "/")
	return a, nil
}

// checkKind tells other archives from those of torch.save.
func (a *archive) checkKind() error {
	for name := range a.entries {
		if strings.HasSuffix(name, ".npy") {
			return problem("not a file that torch.save wrote: it is a zip archive of numpy arrays")
		}
	}
	if a.entries[a.top+"/data.pkl"] == nil {
		return problem("not a file that torch.save wrote: the zip archive has no data.pkl")
	}
	if a.entries[a.top+"/constants.pkl"] != nil {
		f := problem("a TorchScript archive is a program, not a dict of tensors")
		f.Hint = "Save its weights: torch.save(torch.jit.load(FILE).state_dict(), \"pytorch_model.bin\")."
		return f
	}
	return nil
}

// locate returns where the bytes of an entry lie, which must be stored as they are.
func (a *archive) locate(name string) (from, size int64, err error) {
	f := a.entries[a.top+"/"+name]
	switch {
	case f == nil:
		return 0, 0, damaged("the entry %s is missing from the zip archive", name)
	case f.Flags&flagEncrypted == 0 && f.Method != zip.Store:
		f := problem("the entry %s of the zip archive is compressed, which is not supported", name)
		f.Hint = "Load the file in Python and save it again with torch.save, which does not compress."
		return 0, 0, f
	case f.Flags&flagEncrypted == 0 && f.CompressedSize64 != f.UncompressedSize64:
		return 0, 0, damaged("the entry %s of the zip archive has two sizes", name)
	}
	return a.extent(name, f)
}

// extent returns where the stored bytes of an entry lie. They are seen to lie before the
// directory.
func (a *archive) extent(name string, f *zip.File) (from, size int64, err error) {
	switch {
	case f.Flags&flagEncrypted != 0:
		return 0, 0, problem("the entry %s of the zip archive is encrypted, which is not supported", name)
	case f.ExternalAttrs&dosFolder != 0:
		return 0, 0, damaged("the entry %s of the zip archive is marked as a folder", name)
	}
	from, err = f.DataOffset()
	if err != nil {
		return 0, 0, damaged("the entry %s of the zip archive has no header", name)
	}
	if from < 0 || uint64(from) > a.end.offset || f.CompressedSize64 > a.end.offset-uint64(from) {
		return 0, 0, damaged("the entry %s of the zip archive does not lie in the file", name)
	}
	size = int64(f.CompressedSize64)
	end := from + size
	if f.Flags&flagDescriptor != 0 {
		n, err := a.checkDescriptor(f, end)
		if err != nil {
			return 0, 0, err
		}
		end += n
	}
	a.used = append(a.used, span{from - localHeaderSize - int64(len(f.Name)), end, name})
	return from, size, nil
}

// findAll fills in where the storages lie, and finds those too that no tensor names.
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

// find fills in where a storage lies, or why its tensors cannot be read.
func (a *archive) find(s *storage) {
	name := storageFolder + s.key
	from, size, err := a.locate(name)
	if err == nil {
		a.records = append(a.records, record{s, tensor.Record{Name: name, Offset: from, Bytes: size, CRC: a.entries[a.top+"/"+name].CRC32}})
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

// checkOverlap refuses entries that share bytes: no writer makes such a file.
func (a *archive) checkOverlap() error {
	left := a.end.offset
	for _, f := range a.entries { // those too that are not used: whoever reads all reads no byte twice
		if f.CompressedSize64 > left {
			return damaged("the entries of the zip archive overlap: they are larger together than the file")
		}
		left -= f.CompressedSize64
	}
	slices.SortFunc(a.used, func(x, y span) int {
		if x.from != y.from {
			return int(min(max(x.from-y.from, -1), 1))
		}
		return strings.Compare(x.name, y.name)
	})
	for i := 1; i < len(a.used); i++ {
		if a.used[i].from < a.used[i-1].to {
			return damaged("the entries %s and %s of the zip archive overlap", a.used[i-1].name, a.used[i].name)
		}
	}
	return nil
}

// readPickle returns data.pkl, once it is known to be harmless.
func (a *archive) readPickle() ([]byte, error) {
	from, size, err := a.locate(pickleName)
	if err != nil {
		return nil, err
	}
	if size > pickle.MaxBytes {
		return nil, problem("the pickle is larger than %d MiB, which no dict of tensors needs", pickle.MaxBytes>>20)
	}
	src := pickle.NewSource(a.r, from, size)
	data, err := tensorWords.Scan(src)
	if err != nil {
		return nil, err
	}
	rest, err := src.Rest("data.pkl")
	if err != nil {
		return nil, err
	}
	return data, a.checkSum(pickleName, crc32.Update(crc32.ChecksumIEEE(data), crc32.IEEETable, rest))
}

// checkSum compares the sum of an entry with what the directory says.
func (a *archive) checkSum(name string, got uint32) error {
	want := a.entries[a.top+"/"+name].CRC32
	if a.noSums || got == want {
		return nil
	}
	return wrongSum(name, want, got)
}

// wrongSum is the fault of a record that is not what was saved.
func wrongSum(name string, want, got uint32) *fault.Fault {
	f := damaged("the checksum of %s is wrong: its bytes were changed since it was saved", name)
	f.Expected, f.Found = fmt.Sprintf("%08x", want), fmt.Sprintf("%08x", got)
	return f
}
