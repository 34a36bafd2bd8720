package disk

import (
	"errors"
	"io/fs"

	"golang.org/x/sys/unix"
)

// Trouble is why the system refused something, if that is for a reason about which the user can do something.
type Trouble int

// What TroubleOf returns.
const (
	Unknown      Trouble = iota // any other error, or none
	Full                        // no space, or no quota, is left
	TooManyFiles                // the process or the system may not open more files
	TooLarge                    // a limit on the size of files
	Forbidden                   // no permission, or a disk that is read-only
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

// TroubleOf returns what is behind an error of package os or of this one.
func TroubleOf(err error) Trouble {
	for _, t := range troubles {
		if errors.Is(err, t.err) {
			return t.trouble
		}
	}
	return Unknown
}
