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
	made *made            // what makes it, in place of Data
}

// made is what writes a file each time that it is read.
type made struct {
	size  int64
	write func(to io.Writer) error
}

// Made is a file that is never in memory as a whole: an index may have some 10 MB. write must write the
// same each time.
func Made(name string, write func(to io.Writer) error) (Small, error) {
	count := counter(0)
	err := write(&count)
	return Small{Name: name, made: &made{int64(count), write}}, err
}

// counter counts bytes.
type counter int64

func (c *counter) Write(b []byte) (int, error) {
	*c += counter(len(b))
	return len(b), nil
}

// open returns a reader of what is written meanwhile.
func (m *made) open() io.ReadCloser {
	from, to := io.Pipe()
	go func() { to.CloseWithError(m.write(to)) }() // which ends when from is read or closed
	return from
}

// Size returns how many bytes it has.
func (s *Small) Size() int64 {
	switch {
	case s.Copy != nil:
		return s.Copy.Size
	case s.made != nil:
		return s.made.size
	}
	return int64(len(s.Data))
}

// Open returns its bytes. The error is a *fault.Fault.
func (s *Small) Open() (io.ReadCloser, error) {
	switch {
	case s.Copy != nil:
		return s.Copy.Open()
	case s.made != nil:
		return s.made.open(), nil
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
