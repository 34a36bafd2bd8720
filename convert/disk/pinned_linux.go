package disk

import (
	"golang.org/x/sys/unix"
)

// Pinned says why a file or folder can be neither renamed nor removed, whoever tries
// it: "" where nothing is known against it. Links are not followed.
func Pinned(path string) string {
	var s unix.Statx_t
	err := unix.Statx(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW|unix.AT_NO_AUTOMOUNT, 0, &s)
	const fixed = unix.STATX_ATTR_IMMUTABLE | unix.STATX_ATTR_APPEND
	switch {
	case err != nil:
		return "" // an older kernel; what does not exist is found otherwise
	case s.Attributes&unix.STATX_ATTR_MOUNT_ROOT != 0:
		return "is a mount point"
	case s.Attributes&fixed != 0:
		return "is immutable (see lsattr)"
	}
	return ""
}
