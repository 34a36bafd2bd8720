package disk

import (
	"golang.org/x/sys/unix"
)

// Pinned returns why no user can rename or remove a file or folder, "" if nothing prevents it. Links are not
// followed.
func Pinned(path string) string {
	var s unix.Statx_t
	err := unix.Statx(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW|unix.AT_NO_AUTOMOUNT, 0, &s)
	const fixed = unix.STATX_ATTR_IMMUTABLE | unix.STATX_ATTR_APPEND
	switch {
	case err != nil:
		return "" // an older kernel; that a path does not exist is noticed elsewhere
	case s.Attributes&unix.STATX_ATTR_MOUNT_ROOT != 0:
		return "is a mount point"
	case s.Attributes&fixed != 0:
		return "is immutable (see lsattr)"
	}
	return ""
}
