package output

import (
	"bytes"
	"io"

	"hf2olmo/convert/regular"
	"hf2olmo/convert/tokenizers"
)

// Small is a file of the folder that is made in memory, or a copy of a small one.
type Small struct {
	Name string // in the folder, with slashes
	Data []byte
	Copy *tokenizers.File // of which it is a copy, in place of Data: tokenizers may have 40 MB
}

// Size returns how many bytes it has.
func (s *Small) Size() int64 {
	if s.Copy != nil {
		return s.Copy.Size
	}
	return int64(len(s.Data))
}

// Open returns its bytes. The error is a *fault.Fault.
func (s *Small) Open() (io.ReadCloser, error) {
	if s.Copy != nil {
		return s.Copy.Open()
	}
	return io.NopCloser(bytes.NewReader(s.Data)), nil
}

// SameAs reports whether the file at a path has the same contents. The error says why that cannot be
// read.
func (s *Small) SameAs(path string) (bool, error) {
	found, info, err := regular.Open(path)
	if err != nil {
		return false, err
	}
	defer found.Close()
	if info.Size() != s.Size() {
		return false, nil
	}
	own, err := s.Open()
	if err != nil {
		return false, err
	}
	defer own.Close()
	const step = 64 << 10
	a, b := make([]byte, step), make([]byte, step)
	for at := int64(0); at < info.Size(); at += step {
		n := min(step, info.Size()-at)
		if _, err := io.ReadFull(own, a[:n]); err != nil {
			return false, err
		}
		if _, err := io.ReadFull(found, b[:n]); err != nil {
			return false, err
		}
		if !bytes.Equal(a[:n], b[:n]) {
			return false, nil
		}
	}
	return true, nil
}
