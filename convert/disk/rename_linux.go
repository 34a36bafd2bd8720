package disk

import "golang.org/x/sys/unix"

// RenameNew renames a file or folder to a name that must be free; the error is fs.ErrExist if it is not. Some network
// file systems do not support it, see Unsupported.
func RenameNew(from, to string) error {
	return unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
}

// Exchange swaps two folders in one step. Some network file systems do not support it, see Unsupported.
func Exchange(a, b string) error {
	return unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
}
