package torchfile

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"

	"hf2olmo/convert/fault"
)

// source reads a part of a file once, from front to back, and keeps what was read.
// What it keeps never outgrows what the file holds, whatever lengths the file claims.
type source struct {
	r    *bufio.Reader
	left int64        // bytes of the part not yet read
	pos  int64        // where the next byte stands in the file
	kept bytes.Buffer // everything read since the last forget
}

func newSource(r io.ReaderAt, offset, size int64) *source {
	section := io.NewSectionReader(r, offset, size)
	return &source{r: bufio.NewReader(section), left: size, pos: offset}
}

// take reads n bytes. what needs them, for the message where so many are not there.
// The slice is good until the next call.
func (s *source) take(n int64, what string) ([]byte, error) {
	switch {
	case n > s.left:
		f := damaged("the pickle is broken or cut short")
		f.Expected, f.Found = what+" of "+byteCount(n), byteCount(s.left)
		return nil, f
	case int64(s.kept.Len())+n > maxPickle:
		return nil, problem("the pickle is larger than %d MiB, which no dict of tensors needs", maxPickle>>20)
	}
	for missing := n; missing > 0; {
		b, err := s.r.Peek(int(min(missing, int64(s.r.Size()))))
		if err == io.EOF {
			return nil, damaged("the file became shorter while it was read")
		}
		if err != nil {
			return nil, problem("cannot be read: %v", err)
		}
		s.kept.Write(b)
		if _, err := s.r.Discard(len(b)); err != nil {
			return nil, problem("cannot be read: %v", err)
		}
		missing -= int64(len(b))
	}
	s.pos += n
	s.left -= n
	return s.kept.Bytes()[int64(s.kept.Len())-n:], nil
}

// number reads a little-endian number of 1, 2, 4 or 8 bytes.
func (s *source) number(size int64, what string) (uint64, error) {
	var word [8]byte
	b, err := s.take(size, what)
	copy(word[:], b)
	return binary.LittleEndian.Uint64(word[:]), err
}

// line reads up to a newline, which is no part of the result.
func (s *source) line(longest int, what string) (string, error) {
	var text []byte
	for len(text) <= longest {
		b, err := s.take(1, what)
		if err != nil {
			return "", err
		}
		if b[0] == '\n' {
			return string(text), nil
		}
		text = append(text, b[0])
	}
	return "", brokenPickle(what + " without an end of line")
}

// forget returns what was read since the last forget, and starts anew.
func (s *source) forget() []byte {
	kept := bytes.Clone(s.kept.Bytes())
	s.kept.Reset()
	return kept
}

func brokenPickle(why string) *fault.Fault {
	f := damaged("the pickle is broken")
	f.Found = why
	return f
}
