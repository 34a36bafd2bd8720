package disk

import (
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// generated are the file systems whose files the kernel generates as they are read.
var generated = []int64{
	unix.PROC_SUPER_MAGIC, unix.SYSFS_MAGIC, unix.DEBUGFS_MAGIC, unix.TRACEFS_MAGIC, unix.SECURITYFS_MAGIC,
}

// Generated reports whether the kernel generates what an open file contains, as in /proc and /sys: some of these
// files pass for regular ones, but make a reader wait or never end.
func Generated(f *os.File) bool {
	var system unix.Statfs_t
	err := unix.Fstatfs(int(f.Fd()), &system)
	return err == nil && slices.Contains(generated, int64(system.Type))
}
