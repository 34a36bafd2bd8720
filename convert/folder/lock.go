package folder

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// LockFile is what marks a folder that is being written.
const LockFile = ".lock"

var (
	errBusy    = errors.New("another hf2olmo is writing it at this moment")
	errNoLocks = errors.New("its disk knows no locks")
)

// lockFolder takes the lock of a folder, or returns errBusy where another process
// has it. A lock dies with its process, so a folder that a killed run left is free.
// On a file system without locks it returns errNoLocks with the open file.
func lockFolder(folder string) (*os.File, error) {
	path := filepath.Join(folder, LockFile)
	lock, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errBusy // the other run has just ended, and its folder is gone
	} else if err != nil {
		return nil, err
	}
	err = unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	here, err1 := os.Stat(path)
	held, err2 := lock.Stat()
	switch {
	case errors.Is(err, unix.EWOULDBLOCK) || err1 != nil || err2 != nil || !os.SameFile(here, held):
		lock.Close()
		return nil, errBusy
	case err != nil:
		return lock, errNoLocks
	}
	return lock, nil
}
