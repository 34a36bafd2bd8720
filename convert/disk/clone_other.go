//go:build !linux

package disk

import (
	"errors"
	"os"
)

// Clone fails: other systems share whole files, if any.
func Clone(_, _ *os.File, _, _, _ int64) error { return errors.ErrUnsupported }

// CanClone returns false.
func CanClone(string, *os.File, int64, int64) bool { return false }

// MayClone returns false.
func MayClone(string, *os.File, int64) bool { return false }
