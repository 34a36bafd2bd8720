package hf

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"hf2olmo/convert/disk"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/jsonfile"
)

// statFault says why path, called name in messages, could not be looked at.
func statFault(path, name string, err error) *fault.Fault {
	if disk.Loop(err) {
		return &fault.Fault{File: name, Problem: fault.Cause(err),
			Hint: "It is a link that leads back to itself. Link to the file or folder that was meant, or put that there."}
	}
	if !disk.Absent(err) {
		return &fault.Fault{File: name, Problem: jsonfile.Bare(err).Error()}
	}
	if target, err := os.Readlink(path); err == nil {
		return &fault.Fault{File: name, Problem: "is a link to " + target + ", which does not exist"}
	}
	return &fault.Fault{File: name, Problem: "does not exist"}
}

// IsThere reports whether something has this path, or else whether it is the id of a model in the Hugging Face cache.
func IsThere(path string) bool {
	if path == "" || exists(path) {
		return path != ""
	}
	_, bad := locate(path)
	return bad == nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// kind names what is no regular file.
func kind(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a folder"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	}
	return "not a regular file"
}

// local cleans a relative path with slashes, and reports whether it stays in its folder
// and is the name of a file there.
func local(name string) (string, bool) {
	if strings.ContainsAny(name, "\\\x00") || !filepath.IsLocal(name) {
		return name, false
	}
	name = path.Clean(name)
	return name, name != "."
}
