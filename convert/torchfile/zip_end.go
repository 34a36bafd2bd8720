package torchfile

import (
	"bytes"
	"encoding/binary"
	"io"

	"hf2olmo/convert/tensor"
)

// maxDirectory and maxRecords bound the directory of an archive. A tensor takes about 100
// bytes of it, and archive/zip makes an object of 300 bytes for each.
const (
	maxDirectory = 16 << 20
	maxRecords   = tensor.MaxTensors + 100
)

// zipEnd is what the end of an archive says of its directory.
type zipEnd struct {
	offset, size, records uint64
}

// readEnd checks the end of an archive before archive/zip reads it: archive/zip
// allocates as many entries as the end claims, and would accept a directory that
// is not at the end of the file.
func readEnd(r io.ReaderAt, size int64) (zipEnd, error) {
	tail := make([]byte, min(size, endSize+maxComment+zip64LocatorSize))
	tailOffset := size - int64(len(tail))
	if err := readAt(r, tail, tailOffset); err != nil {
		return zipEnd{}, err
	}
	at := findEnd(tail)
	if at < 0 {
		return zipEnd{}, cutShort("a zip archive with its directory at the end", size)
	}
	end, err := parseEnd(tail[at:])
	if err != nil {
		return zipEnd{}, err
	}
	directoryEnd := uint64(tailOffset) + uint64(at)
	if at >= zip64LocatorSize && magicAt(tail[at-zip64LocatorSize:]) == zip64LocatorMagic {
		locator := tail[at-zip64LocatorSize:]
		directoryEnd = binary.LittleEndian.Uint64(locator[8:])
		if end, err = readZip64End(r, directoryEnd, size, end); err != nil {
			return zipEnd{}, err
		}
		follows := directoryEnd+zip64EndSize == uint64(tailOffset)+uint64(at-zip64LocatorSize)
		if magicAt(locator[4:]) != 0 || magicAt(locator[16:]) != 1 || !follows {
			return zipEnd{}, damaged("the zip64 end record is not where the end of the archive says")
		}
	}
	switch {
	case end.size > maxDirectory:
		return zipEnd{}, problem("the zip directory is larger than %d MB, which no dict of tensors needs",
			maxDirectory/1_000_000)
	case end.offset > directoryEnd || directoryEnd-end.offset != end.size:
		return zipEnd{}, damaged("the zip directory is not where the end of the archive says")
	case end.records > maxRecords && end.records <= end.size/centralHeaderSize:
		return zipEnd{}, problem("the zip archive has %d entries, more than any checkpoint", end.records)
	case end.records > end.size/centralHeaderSize:
		return zipEnd{}, damaged("the zip directory is too small for the %d entries that it claims", end.records)
	}
	return end, nil
}

// findEnd returns the offset of the end record, or -1. It takes the last one, as
// archive/zip does, and nothing but its comment may follow.
func findEnd(tail []byte) int {
	signature := binary.LittleEndian.AppendUint32(nil, endMagic)
	last := len(tail) - endSize
	if last < 0 {
		return -1
	}
	at := bytes.LastIndex(tail[:last+len(signature)], signature)
	if at < 0 || at+endSize+int(binary.LittleEndian.Uint16(tail[at+20:])) != len(tail) {
		return -1
	}
	return at
}

func parseEnd(b []byte) (zipEnd, error) {
	u16, u32 := binary.LittleEndian.Uint16, binary.LittleEndian.Uint32
	if u16(b[4:]) != 0 || u16(b[6:]) != 0 || u16(b[8:]) != u16(b[10:]) {
		return zipEnd{}, problem("a zip archive in several parts is not supported")
	}
	return zipEnd{
		records: uint64(u16(b[10:])), size: uint64(u32(b[12:])), offset: uint64(u32(b[16:])),
	}, nil
}

// readZip64End reads the larger end record. The small one must say the same if
// its fields are wide enough: two readers must not see two directories.
func readZip64End(r io.ReaderAt, at uint64, size int64, small zipEnd) (zipEnd, error) {
	if size < zip64EndSize || at > uint64(size-zip64EndSize) {
		return zipEnd{}, damaged("the zip64 end record is not inside the file")
	}
	b := make([]byte, zip64EndSize)
	if err := readAt(r, b, int64(at)); err != nil {
		return zipEnd{}, err
	}
	u32, u64 := binary.LittleEndian.Uint32, binary.LittleEndian.Uint64
	end := zipEnd{records: u64(b[32:]), size: u64(b[40:]), offset: u64(b[48:])}
	switch {
	case magicAt(b) != zip64EndMagic,
		small.records != min(end.records, full16),
		small.size != min(end.size, full32),
		small.offset != min(end.offset, full32):
		return zipEnd{}, damaged("the two end records of the zip archive differ")
	case u64(b[4:]) != zip64EndSize-12 || u32(b[16:]) != 0 || u32(b[20:]) != 0 || u64(b[24:]) != end.records:
		return zipEnd{}, problem("a zip archive in several parts is not supported")
	}
	return end, nil
}

func magicAt(b []byte) uint32 { return binary.LittleEndian.Uint32(b) }
