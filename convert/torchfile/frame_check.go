package torchfile

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
)

// A FrameError says where an archive is not built as torch.save builds it.
type FrameError struct {
	Offset  int64 // bytes from the start of the archive
	Problem string
}

func (e *FrameError) Error() string { return fmt.Sprintf("byte %d: %s", e.Offset, e.Problem) }

// CheckFrame checks the size bytes of an archive that Open, or OpenItem, has read, apart
// from its pickle and its tensors: each entry follows the one before it, both of its
// headers say the same, what pads them is zeros or torch's own padding, and the
// directory follows the last entry. So no other reader finds other bytes in it. A file
// in the older format has nothing that Open has not read. The error is a *FrameError, or
// the disk's.
func CheckFrame(r io.ReaderAt, size int64) error {
	head, err := readHead(r, size)
	if err != nil || !isZip(head) {
		return err
	}
	end, err := readEnd(r, size)
	if err != nil {
		return err
	}
	z, err := zip.NewReader(r, size)
	if err != nil {
		return &FrameError{int64(end.offset), "the zip directory is broken"}
	}
	at := int64(0)
	for _, f := range z.File {
		if at, err = checkLocal(r, f, at, int64(end.offset)); err != nil {
			return err
		}
	}
	if at != int64(end.offset) {
		return &FrameError{at, "there are bytes between the last entry and the directory"}
	}
	return checkDirectory(r, z, end)
}

// checkLocal checks an entry whose local header must be at a place before end, and
// returns where the entry ends.
func checkLocal(r io.ReaderAt, f *zip.File, at, end int64) (int64, error) {
	wrong := func(format string, args ...any) (int64, error) {
		return 0, &FrameError{at, fmt.Sprintf("%q: ", f.Name) + fmt.Sprintf(format, args...)}
	}
	b := make([]byte, localHeaderSize)
	if end-at < localHeaderSize {
		return wrong("its header is not where the entry before it ends")
	}
	if err := readAt(r, b, at); err != nil {
		return 0, err
	}
	u16, u32 := binary.LittleEndian.Uint16, binary.LittleEndian.Uint32
	nameSize, extraSize := int64(u16(b[26:])), int64(u16(b[28:]))
	start := at + localHeaderSize + nameSize + extraSize
	if from, err := f.DataOffset(); magicAt(b) != localHeaderMagic || err != nil || from != start || start > end {
		return wrong("its header is not where the entry before it ends")
	}
	rest := make([]byte, nameSize+extraSize)
	if err := readAt(r, rest, at+localHeaderSize); err != nil {
		return 0, err
	}
	descriptor := f.Flags&flagDescriptor != 0
	sizes := [2]uint64{uint64(u32(b[18:])), uint64(u32(b[22:]))}
	switch {
	case string(rest[:nameSize]) != f.Name:
		return wrong("its two names differ")
	case u16(b[6:]) != f.Flags || u16(b[8:]) != f.Method || u16(b[10:]) != f.ModifiedTime || u16(b[12:]) != f.ModifiedDate:
		return wrong("its two headers differ")
	case u32(b[14:]) != f.CRC32 && !(descriptor && u32(b[14:]) == 0):
		return wrong("its two checksums differ")
	case !checkExtra(rest[nameSize:], &sizes):
		return wrong("its header is padded with something other than torch's padding")
	}
	for i, want := range [2]uint64{f.CompressedSize64, f.UncompressedSize64} {
		if sizes[i] != want && !(descriptor && sizes[i] == 0) {
			return wrong("its two sizes differ")
		}
	}
	if f.CompressedSize64 > uint64(end-start) {
		return wrong("it is not inside the file")
	}
	return checkEnd(r, f, start+int64(f.CompressedSize64), end)
}

// checkEnd checks what follows the bytes of an entry, and returns where the entry ends.
func checkEnd(r io.ReaderAt, f *zip.File, at, end int64) (int64, error) {
	if f.Flags&flagDescriptor == 0 {
		return at, nil
	}
	a := archive{r: r, end: zipEnd{offset: uint64(end)}}
	n, err := a.checkDescriptor(f, at)
	if err != nil {
		return 0, &FrameError{at, fmt.Sprintf("%q: its data descriptor is not what the directory says", f.Name)}
	}
	return at + n, nil
}

// checkExtra reports whether the extra fields of a local header are torch's padding and
// the two sizes that do not fit 32 bits, which it fills in.
func checkExtra(extra []byte, sizes *[2]uint64) bool {
	le := binary.LittleEndian
	for len(extra) >= extraHeadSize {
		id, n := le.Uint16(extra), int(le.Uint16(extra[2:]))
		if extra = extra[extraHeadSize:]; n > len(extra) {
			return false
		}
		field := extra[:n]
		extra = extra[n:]
		switch {
		case id == paddingExtraID && isPadding(field):
		case id == zip64ExtraID && n == 16:
			*sizes = [2]uint64{le.Uint64(field[8:]), le.Uint64(field)} // the uncompressed size comes first
		default:
			return false
		}
	}
	return len(extra) == 0
}

// isPadding reports whether bytes are zeros, or what torch pads with.
func isPadding(b []byte) bool {
	return len(bytes.Trim(b, "Z")) == 0 || len(bytes.Trim(b, "\x00")) == 0
}

// checkDirectory checks what the records of the directory have beside what was compared
// with the local headers: nothing, or a zip64 field.
func checkDirectory(r io.ReaderAt, z *zip.Reader, end zipEnd) error {
	err := walkDirectory(r, z.File, end, func(f *zip.File, at int64, b []byte) error {
		extraSize := int64(binary.LittleEndian.Uint16(b[30:]))
		plain := len(bytes.Trim(b[32:38], "\x00")) == 0 // no comment, disk 0, no internal attributes
		if !plain || !slices.Contains(centralExtraSizes, extraSize) {
			return &FrameError{at, fmt.Sprintf("%q: its record in the directory has more than torch writes", f.Name)}
		}
		return nil
	})
	if err == nil && z.Comment != "" {
		return &FrameError{int64(end.offset + end.size), "the archive has a comment"}
	}
	return err
}

// centralExtraSizes are those of a zip64 field in the directory, with one to three numbers.
var centralExtraSizes = []int64{0, 12, 20, 28}
