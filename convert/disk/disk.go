// Package disk is what the program asks of the operating system beyond package os:
// renaming that never replaces anything by accident, locks, syncing in parts, the
// space that is left, and what a disk cannot do. What one system has and another has
// not stands in files by GOOS; the others do without it, as described at each function.
package disk

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// SyncFolder makes the names in a folder last. Some network disks cannot, and say so with EINVAL.
func SyncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	if err := folder.Sync(); err != nil && !errors.Is(err, unix.EINVAL) {
		return err
	}
	return nil
}

// Unsupported reports whether err says that a disk, or this system, cannot do what was asked at all.
func Unsupported(err error) bool {
	for _, e := range []error{errors.ErrUnsupported, unix.EINVAL, unix.ENOSYS, unix.ENOTSUP, unix.EOPNOTSUPP} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// Writable returns why this user cannot make and remove files in a folder, nil if that is possible.
func Writable(folder string) error { return unix.Access(folder, unix.W_OK|unix.X_OK) }
