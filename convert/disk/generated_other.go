//go:build !linux

package disk

import "os"

// Generated returns false: other systems have no such files, or not as regular ones.
func Generated(*os.File) bool { return false }
