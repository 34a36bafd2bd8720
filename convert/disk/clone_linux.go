package disk

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Clone makes a range of a file the same as one of another file, by sharing its blocks: nothing is read or written.
// Places and length are multiples of the file system's block. Any error means that nothing was done: the file systems
// cannot share these blocks, or there is no space for the record of it.
func Clone(out, in *os.File, to, from, length int64) error {
	for {
		err := unix.IoctlFileCloneRange(int(out.Fd()), &unix.FileCloneRange{Src_fd: int64(in.Fd()),
			Src_offset: uint64(from), Src_length: uint64(length), Dest_offset: uint64(to)})
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// CanClone reports whether a file of this path could share a block with an open file, by trying it with a file
// without a name in the nearest folder above that exists.
func CanClone(path string, in *os.File, from, length int64) bool {
	out, err := os.OpenFile(nearest(path), unix.O_TMPFILE|os.O_RDWR, 0o600)
	if err != nil {
		return false
	}
	defer out.Close()
	return Clone(out, in, 0, from, length) == nil
}
