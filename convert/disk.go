package convert

import (
	"context"
	"errors"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// reserve takes the space of the whole file at once, so that a disk that fills up
// says so now, and the file lies in one piece. Not every file system can.
func reserve(ctx context.Context, out *os.File, size int64) error {
	for {
		err := unix.Fallocate(int(out.Fd()), 0, 0, size)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, unix.EINTR): // in memory, where it takes a while
			continue
		case slices.Contains([]error{unix.ENOTSUP, unix.ENOSYS, unix.EINVAL}, err):
			return out.Truncate(size)
		}
		return err
	}
}

// syncFile brings a file to the disk a part at a time, for one sync of all of it
// would not stop for a signal, and may take minutes. The next part is on its way
// while one is waited for.
func syncFile(ctx context.Context, out *os.File, size int64) error {
	const part = 16 << 20
	const begin, finish = unix.SYNC_FILE_RANGE_WRITE, unix.SYNC_FILE_RANGE_WAIT_BEFORE | unix.SYNC_FILE_RANGE_WRITE | unix.SYNC_FILE_RANGE_WAIT_AFTER
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
