package torchfile

import (
	"archive/zip"
	"compress/flate"
	"io"
	"maps"
	"slices"

	"hf2olmo/convert/tensor"
)

// A Member is any entry of a zip archive: its bytes and their checksum are known, but not
// their meaning.
type Member struct {
	tensor.Record // Offset and Bytes are those of the stored bytes
	Deflated      bool
	Size          int64 // of the content
}

// maxInflation is how many times larger than its stored bytes a deflated entry may be, unless
// it is small: an optimizer's state may be all zeros, but no one deflates gigabytes of them.
const (
	maxInflation  = 100
	smallInflated = 64 << 20 // bytes
)

// Members returns the entries of a zip archive, written by torch.save or any other program, in
// the order of their bytes, and whether it was written without checksums. They are inside the
// file and do not overlap. A file of another format has none. Errors are a *fault.Fault
// without a file.
func Members(r io.ReaderAt, size int64) (members []Member, noSums bool, err error) {
	head, err := readHead(r, size)
	if err != nil || !isZip(head) {
		return nil, false, err
	}
	a, err := openDirectory(r, size)
	if err != nil {
		return nil, false, err
	}
	for _, name := range slices.Sorted(maps.Keys(a.entries)) {
		f := a.entries[name]
		from, stored, err := a.extent(name, f)
		if err != nil {
			return nil, false, err
		}
		e := Member{Deflated: f.Method == zip.Deflate, Size: int64(min(f.UncompressedSize64, 1<<62)),
			Record: tensor.Record{Name: name, Offset: from, Bytes: stored, CRC: f.CRC32}}
		switch {
		case !e.Deflated && f.Method != zip.Store:
			return nil, false, problem("the entry %s of the zip archive is compressed in a way that torch cannot read", name)
		case !e.Deflated && e.Size != e.Bytes:
			return nil, false, damaged("the entry %s of the zip archive has two sizes", name)
		case e.Size > smallInflated && e.Size/maxInflation > e.Bytes:
			return nil, false, problem("the entry %s of the zip archive is compressed more than %d times", name, maxInflation)
		}
		members = append(members, e)
	}
	return members, a.noSums, a.checkOverlap()
}

// Open returns a reader of the entry's content, in the archive that r reads. It ends after
// Size bytes, or with an error.
func (e *Member) Open(r io.ReaderAt) io.Reader {
	stored := io.NewSectionReader(r, e.Offset, e.Bytes)
	if !e.Deflated {
		return stored
	}
	return io.LimitReader(flate.NewReader(stored), e.Size)
}
