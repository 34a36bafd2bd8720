package folder

import (
	"errors"
	"io/fs"
	"os"
	"slices"

	"hf2olmo/convert/fault"
)

// A Vacancy reports whether path can receive a checkpoint, and with force whether what
// is there may be replaced.
type Vacancy func(path string, force bool) error

// Vacant reports whether path can receive a checkpoint: nothing is there, or, with
// force, only files that earlier conversions wrote: those called as in ours. object
// may refuse more, by the names that are there.
func Vacant(path string, force bool, ours []string, object func(names []string) error) error {
	entries, err := os.ReadDir(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return &fault.Fault{File: path, Problem: "is in the way: " + fault.Cause(err)}
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if err := object(names); err != nil {
		return err
	}
	if !force {
		return &fault.Fault{File: path, Problem: "exists already",
			Hint: "Choose another --output, or replace it with --force."}
	}
	for _, name := range names {
		if name != LockFile && name != ManifestFile && !slices.Contains(ours, name) {
			return NotOurs(path, name)
		}
	}
	return nil
}

// NotOurs is the fault of a folder that holds something that no conversion wrote.
func NotOurs(path, name string) error {
	return &fault.Fault{File: path, Problem: "exists and holds " + name + ", which no conversion wrote",
		Hint: "--force replaces earlier conversions only. Move the folder away, or choose another --output."}
}
