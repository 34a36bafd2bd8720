//go:build !linux

package disk

import "errors"

// RenameNew is not to be had here: callers do as on disks that cannot.
func RenameNew(string, string) error { return errors.ErrUnsupported }

// Exchange is not to be had here: callers do as on disks that cannot.
func Exchange(string, string) error { return errors.ErrUnsupported }
