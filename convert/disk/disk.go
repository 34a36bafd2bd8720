// Package disk is what hf2olmo asks of the operating system beyond package os: opening files without following
// links or waiting, renaming without replacing, exchanging two folders, locks, syncing in parts, free space, and
// finding out what a file system cannot do; on some, files that share their blocks.
//
// It is the only package with files by GOOS. Linux has everything; on other systems
//
//   - RenameNew and Exchange are unsupported, so callers rename in two steps, as on some network file systems;
//   - Reserve does not take the space of a file in advance, so a full disk shows while writing;
//   - Clone fails;
//   - SyncFile cannot be stopped by a signal, and StartWriteback, Forget and ReadAhead do nothing;
//   - Pinned and Generated find nothing.
package disk

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// SyncFolder syncs a folder, and so the names in it. That some network file systems cannot is not an error.
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

// Unsupported reports whether err means that the file system, or this operating system, lacks an operation.
func Unsupported(err error) bool {
	for _, e := range []error{errors.ErrUnsupported, unix.EINVAL, unix.ENOSYS, unix.ENOTSUP, unix.EOPNOTSUPP} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// Writable returns why this user cannot create and remove files in a folder, nil if that is possible.
func Writable(folder string) error { return unix.Access(folder, unix.W_OK|unix.X_OK) }
