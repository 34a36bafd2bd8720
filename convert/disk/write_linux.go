package disk

import (
	"context"
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Reserve allocates the space of a range of a file, so that a full disk shows at once and the range is contiguous. The
// file system may be one that cannot.
func Reserve(ctx context.Context, out *os.File, at, length int64) error {
	for {
		err := unix.Fallocate(int(out.Fd()), 0, at, length)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, unix.EINTR): // in memory, where it takes a while
			continue
		case Unsupported(err):
			return nil
		}
		return err
	}
}

// StartWriteback starts writing a range to the disk, without waiting for it, so that the sync at the end has little
// left to do. That sync reports errors of the disk; file systems that cannot do this need not.
func StartWriteback(out *os.File, at, length int64) {
	_ = unix.SyncFileRange(int(out.Fd()), at, length, unix.SYNC_FILE_RANGE_WRITE)
}

// SyncFile syncs a file in parts, because a sync of the whole file may take minutes and cannot be interrupted. While
// it waits for one part, the next is being written.
func SyncFile(ctx context.Context, out *os.File, size int64) error {
	const part = 16 << 20
	const begin = unix.SYNC_FILE_RANGE_WRITE
	const finish = unix.SYNC_FILE_RANGE_WAIT_BEFORE | begin | unix.SYNC_FILE_RANGE_WAIT_AFTER
	for at := int64(0); at < size; at += part {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		err := unix.SyncFileRange(int(out.Fd()), at, 2*part, begin)
		if err == nil {
			err = unix.SyncFileRange(int(out.Fd()), at, part, finish)
		}
		if err != nil {
			break // not supported here; Sync reports errors of the disk
		}
	}
	return out.Sync()
}

// Forget asks the system to drop a range of a file from its cache, so that it is next read from the disk. It may have
// no effect.
func Forget(f *os.File, at, length int64) {
	_ = unix.Fadvise(int(f.Fd()), at, length, unix.FADV_DONTNEED)
}

// ReadAhead advises the system that a file will be read from beginning to end, as cp does.
func ReadAhead(f *os.File) {
	_ = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_SEQUENTIAL)
}
