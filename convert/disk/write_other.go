//go:build !linux

package disk

import (
	"context"
	"os"
)

// Reserve gives the file its size. Its space is taken as it is written.
func Reserve(_ context.Context, out *os.File, size int64) error { return out.Truncate(size) }

// StartWriteback does nothing here: the sync at the end does it all.
func StartWriteback(*os.File, int64, int64) {}

// SyncFile brings a file to the disk. A signal waits for it.
func SyncFile(_ context.Context, out *os.File, _ int64) error { return out.Sync() }

// Forget does nothing here.
func Forget(*os.File, int64, int64) {}

// ReadAhead does nothing here.
func ReadAhead(*os.File) {}
