package fault

import (
	"errors"
	"io/fs"
	"slices"

	"golang.org/x/sys/unix"
)

// Output is the fault of a file or folder of the output that cannot be made, written
// or renamed, as err of package os says, with what the user can do about the disk.
func Output(file, problem string, err error) *Fault {
	return &Fault{File: file, Problem: problem + ": " + Cause(err), Hint: diskHint(err)}
}

// diskHint is what to do about an error of the disk, empty where that is not known.
func diskHint(err error) string {
	is := func(targets ...error) bool {
		return slices.ContainsFunc(targets, func(t error) bool { return errors.Is(err, t) })
	}
	switch {
	case is(unix.ENOSPC, unix.EDQUOT):
		return "Free some space or quota there, or choose an --output or --into on another disk."
	case is(unix.EMFILE, unix.ENFILE):
		return "Raise the limit on open files: see ulimit -n."
	case is(unix.EFBIG):
		return "A limit on the size of files stands in the way: see ulimit -f, or choose an --output or --into on another disk."
	case is(fs.ErrPermission, unix.EROFS):
		return "Choose an --output or --into in a folder that you can write to."
	case is(unix.EIO):
		return "The disk is at fault: see the system's log, or choose an --output or --into on another disk."
	}
	return ""
}
