package disk

import (
	"errors"

	"golang.org/x/sys/unix"
)

// Movable returns why a folder cannot be renamed, without renaming it: it tries to rename it to full, a folder that
// is not empty. That always fails, but with a different error if the folder cannot be moved at all: a mount point, a
// folder in a lower layer of a container's overlay, or one in a sticky folder of another user.
func Movable(folder, full string) error {
	err := unix.Rename(folder, full)
	for _, pinned := range []error{unix.EXDEV, unix.EBUSY, unix.EPERM, unix.EACCES, unix.EROFS} {
		if errors.Is(err, pinned) {
			return err
		}
	}
	if err == nil { // a file system that breaks the rules of rename
		return errors.Join(errors.New("its file system replaces folders that are not empty"), unix.Rename(full, folder))
	}
	return nil
}
