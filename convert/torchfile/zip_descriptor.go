package torchfile

import (
	"archive/zip"
	"encoding/binary"
	"path/filepath"
	"strings"
)

// A data descriptor follows the bytes of an entry whose header was written
// before they were known: its magic, the checksum, and both sizes in 4 or 8 bytes.
const (
	flagDescriptor   = 1 << 3
	descriptorMagic  = 0x08074b50
	descriptorSize   = 16
	descriptorSize64 = 24
)

// checkDescriptor compares what follows the bytes of an entry with the directory, and
// returns its length. Programs that read an archive from front to back believe the
// descriptor, so the two must describe the same entry.
func (a *archive) checkDescriptor(f *zip.File, at int64) (int64, error) {
	mismatch := damaged("the data descriptor of the entry %s is not what the zip directory says",
		strings.TrimPrefix(f.Name, a.top+"/"))
	room := int64(a.end.offset) - at
	b := make([]byte, min(room, descriptorSize64))
	if err := readAt(a.r, b, at); err != nil {
		return 0, err
	}
	u32, u64 := binary.LittleEndian.Uint32, binary.LittleEndian.Uint64
	switch {
	case len(b) < descriptorSize || u32(b) != descriptorMagic || u32(b[4:]) != f.CRC32:
		return 0, mismatch
	case uint64(u32(b[8:])) == f.CompressedSize64 && uint64(u32(b[12:])) == f.UncompressedSize64:
		return descriptorSize, nil
	case len(b) == descriptorSize64 && u64(b[8:]) == f.CompressedSize64 && u64(b[16:]) == f.UncompressedSize64:
		return descriptorSize64, nil
	}
	return 0, mismatch
}

// plainName reports whether an entry's name stays inside the archive on any system.
func plainName(name string) bool {
	return filepath.IsLocal(name) && !strings.ContainsAny(name, "\\\x00") && !strings.HasPrefix(name, "~")
}
