package disk

import (
	"path/filepath"

	"golang.org/x/sys/unix"
)

// FreeSpace returns how many bytes this user can still write to the file system of path, or of the nearest folder
// above it that exists. known is false if the file system does not report it.
func FreeSpace(path string) (free int64, known bool) {
	for {
		var s unix.Statfs_t
		if err := unix.Statfs(path, &s); err == nil {
			return int64(s.Bavail) * int64(s.Bsize), s.Blocks > 0
		}
		above := filepath.Dir(path)
		if above == path {
			return 0, false
		}
		path = above
	}
}
