package torchfile

import (
	"encoding/binary"
	"hash/crc32"
)

// Frame returns all bytes of the file that are not in a storage, in rising order of
// their offsets. crcs are the CRC-32 (IEEE) of each storage, 0 for an empty one;
// there must be as many as Storages.
func (l *Layout) Frame(crcs []uint32) []Piece {
	pieces := []Piece{{}}
	last := &pieces[0]
	sums := make([]uint32, len(l.entries))
	for i, e := range l.entries {
		if e.content != nil {
			sums[i] = crc32.ChecksumIEEE(e.content)
		} else {
			sums[i], crcs = crcs[0], crcs[1:]
		}
		last.Data = e.appendLocal(last.Data, sums[i])
		last.Data = append(last.Data, e.content...)
		if e.content == nil && e.data.Bytes > 0 {
			pieces = append(pieces, Piece{Offset: e.data.Offset + e.data.Bytes})
			last = &pieces[len(pieces)-1]
		}
	}
	start := last.Offset + int64(len(last.Data))
	for i, e := range l.entries {
		last.Data = e.appendCentral(last.Data, sums[i])
	}
	last.Data = l.appendEnd(last.Data, start)
	return pieces
}

// appendLocal appends the header before an entry's bytes. An extra field pads it so
// that they start where they should.
func (e *zipEntry) appendLocal(b []byte, crc uint32) []byte {
	le := binary.LittleEndian
	extra := e.data.Offset - e.header - localHeaderSize - int64(len(e.name))
	b = le.AppendUint32(b, localHeaderMagic)
	b = e.appendCommon(b, crc)
	b = le.AppendUint16(b, uint16(extra))
	b = append(b, e.name...)
	if n := localZip64Size(e.data.Bytes); n > 0 {
		b = le.AppendUint16(b, zip64ExtraID)
		b = le.AppendUint16(b, uint16(n-extraHeadSize))
		b = le.AppendUint64(b, uint64(e.data.Bytes))
		b = le.AppendUint64(b, uint64(e.data.Bytes))
		extra -= n
	}
	b = le.AppendUint16(b, paddingExtraID)
	b = le.AppendUint16(b, uint16(extra-extraHeadSize))
	for range extra - extraHeadSize {
		b = append(b, 'Z') // as torch pads
	}
	return b
}

// appendCommon appends what the local and the central header have in common: from
// the version needed to the length of the name.
func (e *zipEntry) appendCommon(b []byte, crc uint32) []byte {
	le := binary.LittleEndian
	b = le.AppendUint16(b, e.version())
	b = le.AppendUint16(b, flagUTF8)
	b = le.AppendUint16(b, 0) // method: stored
	b = le.AppendUint16(b, 0) // time: midnight
	b = le.AppendUint16(b, dosDate)
	b = le.AppendUint32(b, crc)
	b = le.AppendUint32(b, clip32(e.data.Bytes)) // compressed
	b = le.AppendUint32(b, clip32(e.data.Bytes)) // uncompressed
	return le.AppendUint16(b, uint16(len(e.name)))
}

// appendCentral appends the entry's record in the directory.
func (e *zipEntry) appendCentral(b []byte, crc uint32) []byte {
	le := binary.LittleEndian
	b = le.AppendUint32(b, centralHeaderMagic)
	b = le.AppendUint16(b, e.version()) // made by: host 0
	b = e.appendCommon(b, crc)
	b = le.AppendUint16(b, uint16(e.centralZip64Size()))
	b = append(b, make([]byte, 10)...) // no comment, disk 0, no attributes
	b = le.AppendUint32(b, clip32(e.header))
	b = append(b, e.name...)
	if n := e.centralZip64Size(); n > 0 {
		b = le.AppendUint16(b, zip64ExtraID)
		b = le.AppendUint16(b, uint16(n-extraHeadSize))
		if e.data.Bytes >= full32 {
			b = le.AppendUint64(b, uint64(e.data.Bytes))
			b = le.AppendUint64(b, uint64(e.data.Bytes))
		}
		if e.header >= full32 {
			b = le.AppendUint64(b, uint64(e.header))
		}
	}
	return b
}

// centralZip64Size returns the size of the zip64 extra field in the directory: it
// contains only what does not fit 32 bits.
func (e *zipEntry) centralZip64Size() int64 {
	size := int64(0)
	if e.data.Bytes >= full32 {
		size += 16
	}
	if e.header >= full32 {
		size += 8
	}
	if size > 0 {
		size += extraHeadSize
	}
	return size
}

func (e *zipEntry) version() uint16 {
	if e.centralZip64Size() > 0 {
		return versionZip64
	}
	return versionPlain
}

// entriesSize returns the bytes of all records in the directory.
func (l *Layout) entriesSize() int64 {
	size := int64(0)
	for _, e := range l.entries {
		size += centralHeaderSize + int64(len(e.name)) + e.centralZip64Size()
	}
	return size
}

// needsZip64 reports whether the end record is too small for a directory at start.
func (l *Layout) needsZip64(start int64) bool {
	return len(l.entries) >= full16 || start >= full32 || l.entriesSize() >= full32
}

// directorySize returns the bytes from the directory, which will be at Size, to
// the end of the file.
func (l *Layout) directorySize() int64 {
	size := l.entriesSize() + endSize
	if l.needsZip64(l.Size) {
		size += zip64EndSize + zip64LocatorSize
	}
	return size
}

// appendEnd appends the records that say where the directory is.
func (l *Layout) appendEnd(b []byte, start int64) []byte {
	le := binary.LittleEndian
	count, size := len(l.entries), l.entriesSize()
	if l.needsZip64(start) {
		b = le.AppendUint32(b, zip64EndMagic)
		b = le.AppendUint64(b, zip64EndSize-12) // what follows this field
		b = le.AppendUint16(b, versionZip64)    // made by
		b = le.AppendUint16(b, versionZip64)    // needed
		b = append(b, make([]byte, 8)...)       // disk 0 of 0
		b = le.AppendUint64(b, uint64(count))   // on this disk
		b = le.AppendUint64(b, uint64(count))
		b = le.AppendUint64(b, uint64(size))
		b = le.AppendUint64(b, uint64(start))
		b = le.AppendUint32(b, zip64LocatorMagic)
		b = le.AppendUint32(b, 0) // disk of the record above
		b = le.AppendUint64(b, uint64(start+size))
		b = le.AppendUint32(b, 1) // disks
	}
	b = le.AppendUint32(b, endMagic)
	b = append(b, make([]byte, 4)...) // disk 0 of 0
	b = le.AppendUint16(b, uint16(min(count, full16)))
	b = le.AppendUint16(b, uint16(min(count, full16)))
	b = le.AppendUint32(b, clip32(size))
	b = le.AppendUint32(b, clip32(start))
	return le.AppendUint16(b, 0) // no comment
}

func clip32(n int64) uint32 { return uint32(min(n, full32)) }
