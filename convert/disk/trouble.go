package disk

import (
	"errors"
	"io/fs"

	"golang.org/x/sys/unix"
)

// Trouble is a cause of an error that the user can do something about.
type Trouble int

// Causes.
const (
	Unknown      Trouble = iota // any other
	Full                        // no space, or no quota, is left
	TooManyFiles                // the process or the system may not open more files
	TooLarge                    // a limit on the size of files
	Forbidden                   // no permission, or a read-only file system
	Broken                      // the device failed
)

var troubles = []struct {
	err     error
	trouble Trouble
}{
	{unix.ENOSPC, Full}, {unix.EDQUOT, Full},
	{unix.EMFILE, TooManyFiles}, {unix.ENFILE, TooManyFiles},
	{unix.EFBIG, TooLarge},
	{fs.ErrPermission, Forbidden}, {unix.EROFS, Forbidden},
	{unix.EIO, Broken},
}

// TroubleOf returns the cause of an error of package os or of this package.
func TroubleOf(err error) Trouble {
	for _, t := range troubles {
		if errors.Is(err, t.err) {
			return t.trouble
		}
	}
	return Unknown
}
