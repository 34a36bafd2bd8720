package disk

import (
	"errors"

	"golang.org/x/sys/unix"
)

// Movable returns why a folder cannot be renamed, without renaming it: it tries to put it in
// the place of another that is not empty, which no disk does, and which fails with another
// error where the folder is not to be moved at all: a mount point, a folder in a lower
// layer of a container's overlay, or in a folder where only owners move what is theirs.
func Movable(folder, full string) error {
	err := unix.Rename(folder, full)
	for _, pinned := range []error{unix.EXDEV, unix.EBUSY, unix.EPERM, unix.EACCES, unix.EROFS} {
		if errors.Is(err, pinned) {
			return err
		}
	}
	if err == nil { // a disk that breaks the rules of rename
		return errors.Join(errors.New("its disk replaces folders that are not empty"), unix.Rename(full, folder))
	}
	return nil
}
