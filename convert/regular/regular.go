// Package regular opens files that may turn out to be anything: a named pipe or a device in place of a file must
// neither make the program wait nor be read without end.
package regular

import (
	"errors"
	"fmt"
	"io"
	"os"

	"hf2olmo/convert/disk"
	"hf2olmo/convert/fault"
)

// Open opens a regular file, or a link to one, and returns its size and time. Errors do not contain the path: the
// caller's fault does.
func Open(path string) (*os.File, os.FileInfo, error) { return open(path, os.Stat, 0) }

// OpenHere is like Open but does not follow a link.
func OpenHere(path string) (*os.File, os.FileInfo, error) {
	return open(path, os.Lstat, disk.NoFollow)
}

func open(path string, stat func(string) (os.FileInfo, error), flags int) (*os.File, os.FileInfo, error) {
	info, err := stat(path) // before opening it, for opening alone starts some devices
	if err == nil {
		err = plain(info)
	}
	if err != nil {
		return nil, nil, fault.Bare(err)
	}
	// Without NoWait a pipe that has just been put there would make us wait.
	f, err := os.OpenFile(path, os.O_RDONLY|disk.NoWait|flags, 0)
	if err != nil {
		return nil, nil, fault.Bare(err)
	}
	if info, err = f.Stat(); err == nil {
		err = plain(info)
	}
	if err == nil && disk.Generated(f) {
		err = errNotRegular
	}
	if err != nil {
		f.Close()
		return nil, nil, fault.Bare(err)
	}
	return f, info, nil
}

// Read returns the contents of a regular file of at most limit bytes.
func Read(path string, limit int64) ([]byte, error) {
	f, info, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info.Size() > limit {
		return nil, fmt.Errorf("has %d bytes: at most %d are expected", info.Size(), limit)
	}
	text, err := io.ReadAll(io.LimitReader(f, info.Size()+1))
	if err == nil && int64(len(text)) != info.Size() {
		err = errors.New("changed while it was read")
	}
	return text, fault.Bare(err)
}

var errNotRegular = errors.New("is not a regular file")

func plain(info os.FileInfo) error {
	if !info.Mode().IsRegular() {
		return errNotRegular
	}
	return nil
}

// Is reports whether path is a regular file, or a link to one.
func Is(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
