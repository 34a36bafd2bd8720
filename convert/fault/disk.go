package fault

import "hf2olmo/convert/disk"

// Output is the fault of a file or folder of the output that cannot be made, written
// or renamed, as err of package os says, with what the user can do about the disk.
func Output(file, problem string, err error) *Fault {
	return &Fault{File: file, Problem: problem + ": " + Cause(err), Hint: diskHint(err)}
}

// diskHint is what to do about an error of the disk, empty where that is not known.
func diskHint(err error) string {
	switch disk.TroubleOf(err) {
	case disk.Full:
		return "Free some space or quota there, or choose an --output or --into on another disk."
	case disk.TooManyFiles:
		return "Raise the limit on open files: see ulimit -n."
	case disk.TooLarge:
		return "A limit on the size of files stands in the way: see ulimit -f, or choose an --output or --into on another disk."
	case disk.Forbidden:
		return "Choose an --output or --into in a folder that you can write to."
	case disk.Broken:
		return "The disk is at fault: see the system's log, or choose an --output or --into on another disk."
	}
	return ""
}
