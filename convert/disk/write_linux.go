package disk

import (
	"context"
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Reserve takes the space of the whole file at once, so that a disk that fills up
// says so now, and the file lies in one piece. Not every file system can.
func Reserve(ctx context.Context, out *os.File, size int64) error {
	for {
		err := unix.Fallocate(int(out.Fd()), 0, 0, size)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, unix.EINTR): // in memory, where it takes a while
			continue
		case Unsupported(err):
			return out.Truncate(size)
		}
		return err
	}
}

// StartWriteback lets the disk begin with a range at once, without waiting for it:
// the sync at the end then finds little left to do. An error of the disk is told by
// that sync, and file systems that cannot do this need not.
func StartWriteback(out *os.File, at, length int64) {
	_ = unix.SyncFileRange(int(out.Fd()), at, length, unix.SYNC_FILE_RANGE_WRITE)
}

// SyncFile brings a file to the disk a part at a time, for one sync of all of it
// would not stop for a signal, and may take minutes. The next part is on its way
// while one is waited for.
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
			break // not on this file system; what is wrong with the disk, Sync says
		}
	}
	return out.Sync()
}

// Forget asks the system to forget what it holds of a range in memory, so that it is
// read from the disk next. If it cannot, memory will do.
func Forget(f *os.File, at, length int64) {
	_ = unix.Fadvise(int(f.Fd()), at, length, unix.FADV_DONTNEED)
}

// ReadAhead tells the system that a file is read from its beginning to its end, as cp
// does. It is a hint, and may fail.
func ReadAhead(f *os.File) {
	_ = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_SEQUENTIAL)
}
