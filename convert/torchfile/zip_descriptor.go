package torchfile

import (
	"archive/zip"
	"encoding/binary"
	"path/filepath"
	"strings"
)

// A data descriptor stands behind the bytes of an entry whose header was written
// before they were known: its magic, the checksum, and both sizes in 4 or 8 bytes.
const (
	flagDescriptor   = 1 << 3
	descriptorMagic  = 0x08074b50
	descriptorSize   = 16
	descriptorSize64 = 24
)

// checkDescriptor holds what stands at the end of an entry's bytes against the
// directory, and returns its length. Programs that read an archive from front to
// back believe the descriptor, so the two must not tell of two entries.
func (a *archive) checkDescriptor(f *zip.File, at int64) (int64, error) {
	lies := damaged("the data descriptor of the entry %s is not what the zip directory says", strings.TrimPrefix(f.Name, a.top+"/"))
	room := int64(a.end.offset) - at
	b := make([]byte, min(room, descriptorSize64))
	if err := readAt(a.r, b, at); err != nil {
		return 0, err
	}
	u32, u64 := binary.LittleEndian.Uint32, binary.LittleEndian.Uint64
	switch {
	case len(b) < descriptorSize || u32(b) != descriptorMagic || u32(b[4:]) != f.CRC32:
		return 0, lies
	case uint64(u32(b[8:])) == f.CompressedSize64 && uint64(u32(b[12:])) == f.UncompressedSize64:
		return descriptorSize, nil
	case len(b) == descriptorSize64 && u64(b[8:]) == f.CompressedSize64 && u64(b[16:]) == f.UncompressedSize64:
		return descriptorSize64, nil
	}
	return 0, lies
}

// plainName reports whether an entry's name stays inside of the archive, however a
// system reads it.
func plainName(name string) bool {
	return filepath.IsLocal(name) && !strings.ContainsAny(name, "\\\x00") && !strings.HasPrefix(name, "~")
}
