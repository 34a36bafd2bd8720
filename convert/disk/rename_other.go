//go:build !linux

package disk

import "errors"

// RenameNew is unsupported here, as on some network file systems.
func RenameNew(string, string) error { return errors.ErrUnsupported }

// Exchange is unsupported here, as on some network file systems.
func Exchange(string, string) error { return errors.ErrUnsupported }
