package disk

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"time"
)

// IsHidden reports whether network and FUSE file systems give this name to a file that was removed while it was
// open. It disappears when that is closed.
func IsHidden(name string) bool {
	return strings.HasPrefix(name, ".nfs") || strings.HasPrefix(name, ".fuse_hidden")
}

// How long RemoveFolder waits for files to be closed, and how often it looks.
const (
	closeTimeout  = 5 * time.Second
	closeInterval = 10 * time.Millisecond
)

// RemoveFolder removes an empty folder. It is not an error if it is gone. If it only contains files that were removed
// while they were open, it waits a few seconds: a FUSE file system closes files a little after the program does, and
// another process may have the lock open.
func RemoveFolder(path string) error {
	for deadline := time.Now().Add(closeTimeout); ; time.Sleep(closeInterval) {
		err := os.Remove(path)
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if time.Now().After(deadline) || !onlyHidden(path) {
			return err
		}
	}
}

// onlyHidden reports whether a folder can be listed and contains only hidden files.
func onlyHidden(path string) bool {
	entries, err := os.ReadDir(path)
	for _, e := range entries {
		if !IsHidden(e.Name()) {
			return false
		}
	}
	return err == nil
}
