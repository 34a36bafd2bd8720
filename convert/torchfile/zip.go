package torchfile

import (
	"archive/zip"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"slices"
	"strings"
)

// archive is the directory of a zip archive. Entries are read only by locate.
type archive struct {
	r       io.ReaderAt
	end     zipEnd
	entries map[string]*zip.File
	top     string // the folder that holds data.pkl
	used    []span
}

// span is a stretch of the file that an entry takes, with at least its header.
type span struct {
	from, to int64
	name     string
}

// readZip returns what data.pkl holds, with the places of all storages filled in.
func readZip(r io.ReaderAt, size int64) (any, error) {
	a, err := openArchive(r, size)
	if err != nil {
		return nil, err
	}
	if err := a.checkByteOrder(); err != nil {
		return nil, err
	}
	data, err := a.readPickle()
	if err != nil {
		return nil, err
	}
	storages := map[string]*storage{}
	value, err := unpickle(data, storages)
	if err != nil {
		return nil, err
	}
	for _, key := range slices.Sorted(maps.Keys(storages)) {
		a.find(storages[key])
	}
	return value, a.checkOverlap()
}

func openArchive(r io.ReaderAt, size int64) (*archive, error) {
	end, err := readEnd(r, size)
	if err != nil {
		return nil, err
	}
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, damaged("the zip directory is broken")
	}
	a := &archive{r: r, end: end, entries: make(map[string]*zip.File, len(z.File))}
	for _, f := range z.File {
		if !plainName(f.Name) {
			return nil, damaged("the zip archive has an entry %q, which leads out of it", f.Name)
		}
		if a.entries[f.Name] != nil {
			return nil, damaged("the zip archive has two entries %q", f.Name)
		}
		a.entries[f.Name] = f
		top, isPickle := strings.CutSuffix(f.Name, "/data.pkl")
		if !isPickle || strings.Contains(top, "/") {
			continue
		}
		if a.top != "" {
			return nil, problem("the zip archive holds more than one data.pkl")
		}
		a.top = top
	}
	return a, a.checkKind()
}

// checkKind tells other archives from those of torch.save.
func (a *archive) checkKind() error {
	for name := range a.entries {
		if strings.HasSuffix(name, ".npy") {
			return problem("not a file that torch.save wrote: it is a zip archive of numpy arrays")
		}
	}
	if a.top == "" {
		return problem("not a file that torch.save wrote: the zip archive has no data.pkl")
	}
	if a.entries[a.top+"/constants.pkl"] != nil {
		f := problem("a TorchScript archive is a program, not a dict of tensors")
		f.Hint = "Save its weights: torch.save(torch.jit.load(FILE).state_dict(), \"pytorch_model.bin\")."
		return f
	}
	return nil
}

// locate returns where the bytes of an entry lie. They are seen to lie before the
// directory, uncompressed.
func (a *archive) locate(name string) (from, size int64, err error) {
	f := a.entries[a.top+"/"+name]
	if f == nil {
		return 0, 0, damaged("the entry %s is missing from the zip archive", name)
	}
	switch {
	case f.Flags&flagEncrypted != 0:
		return 0, 0, problem("the entry %s of the zip archive is encrypted, which is not supported", name)
	case f.Method != zip.Store:
		f := problem("the entry %s of the zip archive is compressed, which is not supported", name)
		f.Hint = "Load the file in Python and save it again with torch.save, which does not compress."
		return 0, 0, f
	case f.CompressedSize64 != f.UncompressedSize64:
		return 0, 0, damaged("the entry %s of the zip archive has two sizes", name)
	}
	from, err = f.DataOffset()
	if err != nil {
		return 0, 0, damaged("the entry %s of the zip archive has no header", name)
	}
	if from < 0 || uint64(from) > a.end.offset || f.UncompressedSize64 > a.end.offset-uint64(from) {
		return 0, 0, damaged("the entry %s of the zip archive does not lie in the file", name)
	}
	size = int64(f.UncompressedSize64)
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

// find fills in where a storage lies, or why its tensors cannot be read.
func (a *archive) find(s *storage) {
	from, size, err := a.locate("data/" + s.key)
	if err == nil && size != s.bytes() {
		f := damaged("its storage %s has a wrong size", s.key)
		f.Expected, f.Found = byteCount(s.bytes()), byteCount(size)
		err = f
	}
	s.offset = from
	s.lost = asFault(err)
}

// checkOverlap refuses entries that share bytes: no writer makes such a file.
func (a *archive) checkOverlap() error {
	left := a.end.offset
	for _, f := range a.entries { // those too that are not used: whoever reads all reads no byte twice
		if f.CompressedSize64 > left {
			return damaged("the entries of the zip archive are larger together than the file")
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

func (a *archive) checkByteOrder() error {
	if a.entries[a.top+"/byteorder"] == nil {
		return nil // files before torch 2.1: little-endian, as torch.load takes them
	}
	from, size, err := a.locate("byteorder")
	if err != nil {
		return err
	}
	order := make([]byte, min(size, int64(len("little"))))
	if err := readAt(a.r, order, from); err != nil {
		return err
	}
	switch {
	case string(order) == "big":
		return bigEndian()
	case string(order) != "little" || size != int64(len(order)):
		return damaged("the byte order is neither little nor big")
	}
	return nil
}

// readPickle returns data.pkl, once it is known to be harmless.
func (a *archive) readPickle() ([]byte, error) {
	from, size, err := a.locate("data.pkl")
	if err != nil {
		return nil, err
	}
	if size > maxPickle {
		return nil, problem("the pickle is larger than %d MiB, which no dict of tensors needs", maxPickle>>20)
	}
	src := newSource(a.r, from, size)
	data, err := scan(src)
	if err != nil {
		return nil, err
	}
	// torch can be told to write no checksums: they are 0 then.
	want := a.entries[a.top+"/data.pkl"].CRC32
	if got := crc32.ChecksumIEEE(data); src.left == 0 && want != 0 && got != want {
		f := damaged("the checksum of data.pkl is wrong")
		f.Expected, f.Found = fmt.Sprintf("%08x", want), fmt.Sprintf("%08x", got)
		return nil, f
	}
	return data, nil
}
