//go:build !linux

package disk

import (
	"context"
	"os"
)

// Reserve does nothing here: space is allocated as it is written.
func Reserve(context.Context, *os.File, int64, int64) error { return nil }

// StartWriteback does nothing here: the sync at the end writes everything.
func StartWriteback(*os.File, int64, int64) {}

// SyncFile syncs a file. It cannot be interrupted.
func SyncFile(_ context.Context, out *os.File, _ int64) error { return out.Sync() }

// Forget does nothing here.
func Forget(*os.File, int64, int64) {}

// ReadAhead does nothing here.
func ReadAhead(*os.File) {}
