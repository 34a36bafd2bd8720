package torchfile

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"hf2olmo/convert/pickle"
)

// maxTrailing is how many bytes may follow an archive so that torch certainly finds its end.
const maxTrailing = 60_000

// looseZip is an archive as torch's reader takes it: names without case, below the folder of
// the first entry.
type looseZip struct {
	records map[string]*zip.File // by their names in the folder, in lower case
	unusual []string
}

func loadZip(r io.ReaderAt, size int64) (*Loaded, error) {
	z, err := openLoose(r, size)
	if err != nil {
		return nil, err
	}
	if err := z.checkVersion(); err != nil {
		return nil, err
	}
	if z.records["constants.pkl"] != nil {
		return nil, &LoadError{"is a TorchScript archive: a program, not a dict of tensors",
			"RuntimeError: Cannot use ``weights_only=True`` with TorchScript archives (or AttributeError)", true}
	}
	if err := z.checkOrder(); err != nil {
		return nil, err
	}
	data, err := z.read("data.pkl", pickle.MaxBytes)
	if err != nil {
		return nil, err
	}
	l := newLoading()
	value, err := l.read(pickle.NewSource(bytes.NewReader(data), 0, int64(len(data))))
	if err != nil {
		return nil, err
	}
	if l.stops == nil {
		l.stops = z.checkStorages(l.storages)
	}
	loaded, err := l.done(value)
	if err == nil {
		loaded.Unusual = z.unusual
	}
	return loaded, err
}

// ArchiveSize returns the size of the zip archive that a file of size bytes starts with: torch
// reads an archive that other bytes follow. It is size if there is no such archive.
func ArchiveSize(r io.ReaderAt, size int64) int64 {
	head, err := readHead(r, size)
	if err != nil || !isZip(head) {
		return size
	}
	if _, whole, err := openArchiveStart(r, size); err == nil {
		return whole
	}
	return size
}

// openArchiveStart reads the directory of the archive that a file starts with, and its size.
func openArchiveStart(r io.ReaderAt, size int64) (z *zip.Reader, whole int64, err error) {
	tail := make([]byte, min(size, endSize+maxComment))
	if err := readAt(r, tail, size-int64(len(tail))); err != nil {
		return nil, 0, err
	}
	at := bytes.LastIndex(tail[:max(0, len(tail)-endSize+4)], binary.LittleEndian.AppendUint32(nil, endMagic))
	if at < 0 {
		return nil, 0, stops("RuntimeError: PytorchStreamReader failed reading zip archive: failed finding "+
			"central directory",
			"is not complete: the directory at the end of the archive is missing")
	}
	whole = size - int64(len(tail)) + int64(at) + endSize + int64(binary.LittleEndian.Uint16(tail[at+20:]))
	switch {
	case whole > size:
		return nil, 0, damaged("the comment at the end of the archive is longer than the file")
	case size-whole > maxTrailing:
		return nil, 0, damaged("%d bytes follow the archive", size-whole)
	}
	part := io.NewSectionReader(r, 0, whole)
	end, err := readEnd(part, whole)
	if err != nil {
		return nil, 0, err
	}
	var magic [4]byte
	if err := readAt(part, magic[:], int64(end.offset)); err != nil || magicAt(magic[:]) != centralHeaderMagic {
		return nil, 0, stops("RuntimeError: PytorchStreamReader failed reading zip archive: invalid header or "+
			"archive is corrupted",
			"the directory of the archive is damaged")
	}
	z, err = zip.NewReader(part, whole)
	if err != nil || len(z.File) == 0 {
		return nil, 0, damaged("the directory of the archive is broken")
	}
	return z, whole, nil
}

// openLoose reads the directory of an archive.
func openLoose(r io.ReaderAt, size int64) (*looseZip, error) {
	archive, whole, err := openArchiveStart(r, size)
	if err != nil {
		return nil, err
	}
	z := &looseZip{records: make(map[string]*zip.File, len(archive.File))}
	if whole < size {
		z.unusual = append(z.unusual, fmt.Sprintf("%d bytes follow the archive", size-whole))
	}
	return z, z.index(archive.File)
}

func (z *looseZip) index(files []*zip.File) error {
	top, _, ok := strings.Cut(files[0].Name, "/")
	if !ok {
		return stops("RuntimeError: file in archive is not in a subdirectory", "the entry %q is not in a folder",
			files[0].Name)
	}
	compressed := false
	for _, f := range files {
		name, inside := strings.CutPrefix(f.Name, top+"/")
		if !inside {
			return stops("RuntimeError: file in archive is not in a subdirectory",
				"the entry %q is not in the folder %q, as all others are", f.Name, top)
		}
		name = asciiLower(name)
		if other := z.records[name]; other != nil {
			if isRead(name) && (other.CRC32 != f.CRC32 || other.UncompressedSize64 != f.UncompressedSize64) {
				return damaged("there are two entries %q", f.Name)
			}
			z.unusual = append(z.unusual, fmt.Sprintf("the entry %q is there twice", f.Name))
			continue
		}
		compressed = compressed || f.Method != zip.Store
		z.records[name] = f
	}
	if compressed {
		z.unusual = append(z.unusual, "it is compressed")
	}
	return nil
}

// isRead reports whether torch reads the entry. Of two it may read either.
func isRead(name string) bool {
	return strings.HasPrefix(name, "data/") || slices.Contains([]string{"data.pkl", "version", ".data/version",
		"byteorder", "constants.pkl"}, name)
}

// read returns an entry of at most limit bytes. torch compares no checksum.
func (z *looseZip) read(name string, limit int64) ([]byte, error) {
	f := z.records[name]
	switch {
	case f == nil:
		return nil, stops("RuntimeError: PytorchStreamReader failed locating file "+name+": file not found",
			"the entry %s is missing", name)
	case f.Flags&flagEncrypted != 0 || f.Method != zip.Store && f.Method != zip.Deflate:
		return nil, stops("RuntimeError: PytorchStreamReader failed: unsupported method",
			"the entry %s is encrypted, or compressed in a way that torch does not read", name)
	case f.UncompressedSize64 > uint64(limit):
		return nil, problem("the entry %s has more than %d bytes", name, limit)
	}
	raw, err := f.OpenRaw()
	if err != nil {
		return nil, damaged("the entry %s has no header", name)
	}
	if f.Method == zip.Deflate {
		raw = flate.NewReader(raw)
	}
	data, err := io.ReadAll(io.LimitReader(raw, limit))
	if err != nil || uint64(len(data)) != f.UncompressedSize64 {
		return nil, damaged("the entry %s is not complete", name)
	}
	return data, nil
}

func (z *looseZip) checkVersion() error {
	name := "version"
	if z.records[".data/version"] != nil {
		name = ".data/version"
	}
	if z.records[name] == nil {
		return stops(`RuntimeError: Expected hasRecord("version") to be true`, "the entry version is missing")
	}
	text, err := z.read(name, 64)
	if err != nil {
		return err
	}
	digits := strings.TrimLeft(string(text), " \t\n\v\f\r")
	digits = digits[:len(digits)-len(strings.TrimLeft(digits, "0123456789"))]
	switch version, err := strconv.ParseUint(digits, 10, 64); {
	case err != nil:
		return stops("RuntimeError: Couldn't parse the version", "the entry version is not a number")
	case version < 1 || version > maxVersion:
		return stops("RuntimeError: Attempted to read a PyTorch file with version "+digits,
			"has version %s of the format: torch 2.13 reads 1 to %d", digits, maxVersion)
	}
	return nil
}

func (z *looseZip) checkOrder() error {
	if z.records["byteorder"] == nil {
		return nil
	}
	order, err := z.read("byteorder", 64)
	switch {
	case err != nil:
		return err
	case string(order) == "big":
		z.unusual = append(z.unusual, "it is big-endian")
	case string(order) != "little":
		return stops("ValueError: Unknown endianness type", "the byte order is neither little nor big")
	}
	return nil
}

// checkStorages compares the sizes of storages with what the pickle says.
func (z *looseZip) checkStorages(storages map[string]loadedStorage) error {
	for _, key := range sortedStorages(storages) {
		f := z.records["data/"+asciiLower(key)]
		switch {
		case f == nil:
			return stops("RuntimeError: PytorchStreamReader failed locating file data/"+key+": file not found",
				"the entry data/%s is missing", key)
		case f.Flags&flagEncrypted != 0 || f.Method != zip.Store && f.Method != zip.Deflate:
			return stops("RuntimeError: PytorchStreamReader failed: unsupported method",
				"the entry data/%s is encrypted, or compressed in a way that torch does not read", key)
		case f.UncompressedSize64 != uint64(storages[key].bytes):
			return stops(fmt.Sprintf("RuntimeError: record size (%d bytes) does not match expected size (%d "+
				"bytes)", f.UncompressedSize64, storages[key].bytes),
				"the entry data/%s has %d bytes, but its tensors need %d", key, f.UncompressedSize64,
				storages[key].bytes)
		}
	}
	return nil
}
