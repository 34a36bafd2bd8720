package disk

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// FreeSpace returns how many bytes this user can still write to the file system of path, or of the nearest folder
// above it that exists. known is false if the file system does not report it.
func FreeSpace(path string) (free int64, known bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(nearest(path), &s); err != nil {
		return 0, false
	}
	return int64(s.Bavail) * int64(s.Bsize), s.Blocks > 0
}

// nearest returns the path if it exists, else the nearest folder above it that does.
func nearest(path string) string {
	for {
		above := filepath.Dir(path)
		if _, err := os.Stat(path); err == nil || above == path {
			return path
		}
		path = above
	}
}
