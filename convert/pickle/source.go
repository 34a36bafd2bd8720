package pickle

import (
	"bytes"
	"encoding/binary"
	"io"

	"hf2olmo/convert/fault"
)

// A Source reads a part of a file once, from front to back, one pickle after the other. What it
// keeps in memory never outgrows what the file contains, whatever lengths the file claims.
type Source struct {
	r    io.ReaderAt
	size int64  // bytes of the part that were not yet read from r
	left int64  // bytes of the part that were not yet taken
	pos  int64  // offset in the file of the next byte to be taken
	buf  []byte // the pickle so far, and what was read ahead
	used int    // bytes of buf that were taken
	// passing sources keep nothing that was taken.
	passing bool
}

// aheadBytes is how much is read at a time.
const aheadBytes = 16 << 10

// NewSource returns a source of the size bytes of r that start at offset.
func NewSource(r io.ReaderAt, offset, size int64) *Source {
	return &Source{r: r, size: size, left: size, pos: offset}
}

// Offset returns where the next pickle starts in the file.
func (s *Source) Offset() int64 { return s.pos }

// Rest reads everything that is left, what being its name in a message.
func (s *Source) Rest(what string) ([]byte, error) { return s.take(s.left, what) }

// take reads n bytes. what names the reader of them, for the message if they are missing.
// The slice is valid until the next call.
func (s *Source) take(n int64, what string) ([]byte, error) {
	switch {
	case n > s.left:
		f := brokenOff()
		f.Expected, f.Found = what+" of "+fault.Bytes(n), fault.Bytes(s.left)
		return nil, f
	case int64(s.used)+n > MaxBytes:
		return nil, problem("the pickle is larger than %d MB, which no dict of tensors needs", MaxBytes/1_000_000)
	}
	if s.passing && len(s.buf)-s.used < int(n) {
		s.buf, s.used = append(s.buf[:0], s.buf[s.used:]...), 0
	}
	if err := s.fill(int(n)); err != nil {
		return nil, err
	}
	b := s.buf[s.used : s.used+int(n)]
	s.used += int(n)
	s.pos += n
	s.left -= n
	return b, nil
}

// fill reads until n bytes that were not taken are in the buffer. They are known to be left.
func (s *Source) fill(n int) error {
	for len(s.buf)-s.used < n {
		chunk := int(min(s.size, aheadBytes))
		from := len(s.buf)
		s.buf = append(s.buf, make([]byte, chunk)...)
		got, err := s.r.ReadAt(s.buf[from:], s.pos+s.left-s.size)
		switch {
		case got == chunk:
		case err == nil || err == io.EOF:
			return damaged("the file became shorter while it was read")
		default:
			return problem("cannot be read: %v", err)
		}
		s.size -= int64(chunk)
	}
	return nil
}

// number reads a little-endian number of 1, 2, 4 or 8 bytes.
func (s *Source) number(size int64, what string) (uint64, error) {
	b, err := s.take(size, what)
	if err != nil {
		return 0, err
	}
	if size == 1 {
		return uint64(b[0]), nil
	}
	var word [8]byte
	copy(word[:], b)
	return binary.LittleEndian.Uint64(word[:]), nil
}

// line reads a line of at most longest bytes, and returns it without its newline.
func (s *Source) line(longest int, what string) (string, error) {
	n := int(min(s.left, int64(longest)+1))
	if s.passing && len(s.buf)-s.used < n {
		s.buf, s.used = append(s.buf[:0], s.buf[s.used:]...), 0
	}
	if err := s.fill(n); err != nil {
		return "", err
	}
	end := bytes.IndexByte(s.buf[s.used:s.used+n], '\n')
	switch {
	case end < 0 && n <= longest: // the file ends before the line does
		_, err := s.take(s.left, what)
		if err == nil {
			_, err = s.take(1, what)
		}
		return "", err
	case end < 0:
		return "", Broken(what + " without an end of line")
	}
	b, err := s.take(int64(end)+1, what)
	if err != nil {
		return "", err
	}
	return string(b[:end]), nil
}

// forget returns what was taken since the last forget, and starts the next pickle.
func (s *Source) forget() []byte {
	kept, ahead := s.buf[:s.used:s.used], s.buf[s.used:]
	s.buf, s.used = bytes.Clone(ahead), 0
	return kept
}
