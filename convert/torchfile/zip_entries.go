package torchfile

import (
	"archive/zip"
	"slices"
	"strings"
)

// span is a stretch of the file that an entry takes, with at least its header.
type span struct {
	from, to int64
	name     string
}

// locate returns where the bytes of an entry are, which must not be compressed.
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

// extent returns where the stored bytes of an entry are: somewhere before the directory.
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
		return 0, 0, damaged("the entry %s of the zip archive is not inside the file", name)
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

// checkOverlap refuses entries that share bytes: no writer makes such a file.
func (a *archive) checkOverlap() error {
	left := a.end.offset
	for _, f := range a.entries { // unused ones too: reading all of them reads no byte twice
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
