package torchfile

import (
	"archive/zip"
	"bufio"
	"encoding/binary"
	"io"

	"hf2olmo/convert/fault"
)

// walkDirectory calls record with the fixed part of each record of the directory and its
// offset in the archive. archive/zip has read them all, but not everything in them, and
// ignores what follows the last.
func walkDirectory(r io.ReaderAt, files []*zip.File, end zipEnd,
	record func(f *zip.File, at int64, b []byte) error) error {
	in := bufio.NewReader(io.NewSectionReader(r, int64(end.offset), int64(end.size)))
	b := make([]byte, centralHeaderSize)
	used := int64(0)
	for _, f := range files {
		if _, err := io.ReadFull(in, b); err != nil || magicAt(b) != centralHeaderMagic {
			return brokenDirectory()
		}
		if err := record(f, int64(end.offset)+used, b); err != nil {
			return err
		}
		u16 := binary.LittleEndian.Uint16
		rest := int(u16(b[28:])) + int(u16(b[30:])) + int(u16(b[32:])) // name, extra fields, comment
		if n, _ := in.Discard(rest); n != rest {
			return brokenDirectory()
		}
		used += centralHeaderSize + int64(rest)
	}
	if used != int64(end.size) {
		return brokenDirectory()
	}
	return nil
}

// checkRecord refuses what torch refuses: an entry on another disk, or one that needs
// more than the oldest zip.
func checkRecord(f *zip.File, _ int64, b []byte) error {
	if binary.LittleEndian.Uint16(b[34:]) != 0 {
		return problem("a zip archive in several parts is not supported")
	}
	if f.Flags&^(knownFlags|flagEncrypted) != 0 {
		return problem("the entry %s of the zip archive has flags that are not supported: %#04x", f.Name, f.Flags)
	}
	return nil
}

func brokenDirectory() *fault.Fault { return damaged("the zip directory is broken") }
