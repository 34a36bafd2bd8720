package disk

import (
	"errors"
	"io/fs"
	"syscall"

	"golang.org/x/sys/unix"
)

// Flags for os.OpenFile that package os does not have.
const (
	NoFollow = unix.O_NOFOLLOW // fail for a link
	NoWait   = unix.O_NONBLOCK // do not wait for the writer of a pipe
)

// Absent reports whether err means that a path does not exist, perhaps because a part of it is a file.
func Absent(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR) }

// Loop reports whether err means that a link leads back to itself.
func Loop(err error) bool { return errors.Is(err, unix.ELOOP) }

// Owner returns the number of the user who owns a file. known is false if info does not come from package os.
func Owner(info fs.FileInfo) (uid int, known bool) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return int(s.Uid), true
}
