package disk

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Flags for os.OpenFile that package os does not have.
const (
	NoFollow = unix.O_NOFOLLOW // fail for a link
	NoWait   = unix.O_NONBLOCK // do not wait for whoever writes into a pipe
)

// Absent reports whether err says that a path does not exist, also because a part of it is a file.
func Absent(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR) }

// Owner returns the number of the user who owns a file. known is false if info does not come from package os.
func Owner(info fs.FileInfo) (uid int, known bool) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return int(s.Uid), true
}

// Map maps the first size bytes of a file into memory, to be read only, and returns them with a function that
// ends it. Reading a part that the file no longer has, or that its disk cannot deliver, is a SIGBUS: see
// debug.SetPanicOnFault.
func Map(f *os.File, size int) (data []byte, unmap func() error, err error) {
	data, err = unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ, unix.MAP_PRIVATE)
	if err != nil {
		return nil, nil, err
	}
	return data, func() error { return unix.Munmap(data) }, nil
}
