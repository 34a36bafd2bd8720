package fault

import "hf2olmo/convert/disk"

// Output is the fault of a file or folder of the output that cannot be created, written or renamed because of err, an
// error of package os, with a hint if the user can do something about its cause.
func Output(file, problem string, err error) *Fault {
	return &Fault{File: file, Problem: problem + ": " + Cause(err), Hint: diskHint(err)}
}

// diskHint is what to do about an error of the disk, "" if that is not known.
func diskHint(err error) string {
	switch disk.TroubleOf(err) {
	case disk.Full:
		return "Free some space or quota there, or choose an --output or --into on another disk."
	case disk.TooManyFiles:
		return "Raise the limit on open files: see ulimit -n."
	case disk.TooLarge:
		return "The limit on file sizes was reached: see ulimit -f, or choose an --output or --into on another disk."
	case disk.Forbidden:
		return "Choose an --output or --into in a folder that you can write to."
	case disk.Broken:
		return "The disk failed: see the system log, or choose an --output or --into on another disk."
	}
	return ""
}
