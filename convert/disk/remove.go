package disk

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"time"
)

// IsHidden reports whether a file is what network and FUSE disks keep of one that was
// removed while it was open. It goes when that is closed.
func IsHidden(name string) bool {
	return strings.HasPrefix(name, ".nfs") || strings.HasPrefix(name, ".fuse_hidden")
}

// How long RemoveFolder waits for a disk that still closes files.
const (
	closingTakes = 5 * time.Second
	closingLook  = 10 * time.Millisecond
)

// RemoveFolder removes an empty folder; one that is gone is no error. Where only what
// was removed while it was open is left in it, it waits for a moment: a FUSE disk closes
// files a little after the program does, and another process may be looking at the lock.
func RemoveFolder(path string) error {
	for deadline := time.Now().Add(closingTakes); ; time.Sleep(closingLook) {
		err := os.Remove(path)
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if time.Now().After(deadline) || !onlyHidden(path) {
			return err
		}
	}
}

// onlyHidden reports whether a folder can be listed and nothing but hidden files is in it.
func onlyHidden(path string) bool {
	entries, err := os.ReadDir(path)
	for _, e := range entries {
		if !IsHidden(e.Name()) {
			return false
		}
	}
	return err == nil
}
