package folder

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"hf2olmo/convert/disk"
	"hf2olmo/convert/fault"
)

// LockFile is what marks a folder that is being written, or removed. It is empty.
const LockFile = ".lock"

var (
	errBusy    = errors.New("another hf2olmo is writing it at this moment")
	errNoLocks = errors.New("its disk knows no locks")
)

// lockFolder takes the lock of a folder, or returns errBusy where another process
// has it. A lock dies with its process, so a folder that a killed run left is free.
// On a file system without locks it returns errNoLocks with the open file. A lock
// that is not there is made if create says so; no link is followed.
func lockFolder(folder string, create bool) (*os.File, error) {
	path := filepath.Join(folder, LockFile)
	lock, err := openLock(path)
	if errors.Is(err, fs.ErrNotExist) && create {
		lock, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL|disk.NoFollow, 0o666)
		if errors.Is(err, fs.ErrExist) {
			return nil, errBusy // another run was quicker
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errBusy // the other run has just ended, and its folder is gone
	} else if err != nil {
		return nil, err
	}
	err = disk.Lock(lock)
	here, err1 := os.Lstat(path)
	held, err2 := lock.Stat()
	switch {
	case errors.Is(err, disk.ErrLocked) || err1 != nil || err2 != nil || !os.SameFile(here, held):
		lock.Close()
		return nil, errBusy
	case err != nil:
		return lock, errNoLocks
	}
	return lock, nil
}

// openLock opens a lock that is there: an empty file, for anything else somebody else made.
func openLock(path string) (*os.File, error) {
	info, err := os.Lstat(path)
	if err == nil {
		err = isLock(info)
	}
	if err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_RDWR|disk.NoFollow|disk.NoWait, 0)
}

// isLock returns a fault unless a file is what a conversion makes as lock.
func isLock(info fs.FileInfo) error {
	switch {
	case !info.Mode().IsRegular():
		return &fault.Fault{Problem: "its " + LockFile + " is " + kind(info.Mode())}
	case info.Size() > 0:
		return &fault.Fault{Problem: "its " + LockFile + " is not empty"}
	}
	return nil
}

// kind says what a file is.
func kind(mode fs.FileMode) string {
	switch {
	case mode.IsRegular():
		return "a file"
	case mode.IsDir():
		return "a folder"
	case mode&fs.ModeSymlink != 0:
		return "a link"
	}
	return "a pipe, a socket or a device"
}

// Tidy removes the lock file of a finished folder whose run was killed after it had
// brought the folder to its place. One that is held is left to its run, and what is
// no lock of ours to its owner.
func Tidy(path string) {
	lock, err := lockFolder(path, false)
	if err != nil {
		return // held, or none, or not to be had: it does no harm
	}
	defer lock.Close()
	os.Remove(filepath.Join(path, LockFile))
}
