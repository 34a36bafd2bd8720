package torchfile

import (
	"io"

	"hf2olmo/convert/pickle"
)

// OpenOutline returns the outline of a file that torch.save wrote, in either format,
// or of a plain pickle: see [pickle.Outline]. The bytes of tensors are not read.
func OpenOutline(r io.ReaderAt, size int64) (any, error) {
	head, err := readHead(r, size)
	if err != nil {
		return nil, err
	}
	src := pickle.NewSource(r, 0, size)
	switch {
	case isZip(head):
		a, err := openArchive(r, size)
		if err != nil {
			return nil, err
		}
		from, length, err := a.locate(pickleName)
		if err != nil {
			return nil, err
		}
		src = pickle.NewSource(r, from, length)
	case isLegacy(head):
		for range 3 { // the magic number, the version, the facts of the machine
			if _, err := pickle.Outline(src, nil); err != nil {
				return nil, err
			}
		}
	case !isPickle(head):
		return nil, notTorch(head, size)
	}
	return pickle.Outline(src, nil)
}
