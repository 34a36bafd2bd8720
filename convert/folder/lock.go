package folder

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"hf2olmo/convert/disk"
	"hf2olmo/convert/fault"
)

// LockFile is an empty file that marks a folder that is being written or removed.
const LockFile = ".lock"

var (
	errBusy    = errors.New("another hf2olmo is writing it")
	errNoLocks = errors.New("the file system does not support locks")
)

// lockFolder takes the lock of a folder, or returns errBusy if another process has it. A lock ends with its process,
// so a folder that a killed run left is free. On a file system without locks it returns errNoLocks along with the
// open file. A lock file that does not exist is created if create is true. No link is followed.
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

// openLock opens an existing lock: an empty file, for anything else is not ours.
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

// isLock returns a fault unless a file is a lock as a conversion creates it.
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

// Tidy removes the lock file of a finished folder whose run was killed after it had moved the folder to its final
// path. A lock that a run has, and a file of that name that is not a lock, stay.
func Tidy(path string) {
	lock, err := lockFolder(path, false)
	if err != nil {
		return // locked, missing or inaccessible: it does no harm
	}
	defer lock.Close()
	os.Remove(filepath.Join(path, LockFile))
}
