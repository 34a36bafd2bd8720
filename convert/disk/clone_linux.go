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

// MayClone is CanClone without a file: whether the path is on the same device as the open file, and the file system
// there shares blocks. It is false also where that cannot be known, as for a file that this user may not write. A file
// system that can share refuses to have a block replaced by itself as invalid, one that cannot as unsupported.
func MayClone(path string, in *os.File, length int64) bool {
	var there, here unix.Stat_t
	if unix.Stat(nearest(path), &there) != nil || unix.Fstat(int(in.Fd()), &here) != nil || there.Dev != here.Dev {
		return false
	}
	same := unix.FileDedupeRange{Src_length: uint64(length), Info: []unix.FileDedupeRangeInfo{{Dest_fd: int64(in.Fd())}}}
	err := unix.IoctlFileDedupeRange(int(in.Fd()), &same)
	return err == nil && unix.Errno(-same.Info[0].Status) == unix.EINVAL
}
