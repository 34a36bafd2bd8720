package disk

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// ErrLocked is returned by Lock for a file that another process has locked.
var ErrLocked = errors.New("another process has locked it")

// Lock locks an open file, without waiting, until it is closed or the process ends. Any error other than ErrLocked
// means that the file system does not support locks.
func Lock(f *os.File) error {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	for errors.Is(err, unix.EINTR) {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	}
	if errors.Is(err, unix.EWOULDBLOCK) {
		return ErrLocked
	}
	return err
}
