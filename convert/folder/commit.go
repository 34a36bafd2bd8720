package folder

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"hf2olmo/convert/fault"
)

// Commit syncs the folder and renames it to its final path, in one step also where
// it replaces an older one. The lock moves along and is removed last: at no moment
// can another run take the temporary folder for its own.
func (f *Folder) Commit() error {
	if err := syncFolders(f.Temp); err != nil {
		return f.writeFault("", err)
	}
	if err := f.vacant(f.Path, f.replace); err != nil {
		return err
	}
	if err := f.rename(); err != nil {
		return fault.Output(f.Path, "cannot be renamed from "+f.Temp, err)
	}
	f.placed = true
	if err := os.Remove(filepath.Join(f.Path, LockFile)); err != nil {
		return f.writeFault(LockFile, err)
	}
	f.lock.Close()
	if err := syncFolder(f.Path); err != nil {
		return f.writeFault("", err)
	}
	for _, above := range append(f.made, f.Path) { // a folder that was made is a name in the one above it
		if err := syncFolder(filepath.Dir(above)); err != nil {
			return f.writeFault("", err)
		}
	}
	return nil
}

func (f *Folder) rename() error {
	err := unix.Renameat2(unix.AT_FDCWD, f.Temp, unix.AT_FDCWD, f.Path, unix.RENAME_NOREPLACE)
	switch {
	case errors.Is(err, fs.ErrExist) && f.replace:
		return f.exchange()
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOSYS), errors.Is(err, unix.ENOTSUP):
		return f.renamePlainly()
	}
	return err
}

// exchange swaps the new folder with an older one, atomically where the file system
// can, and removes the older. The older is locked first: for a moment it stands
// under the temporary name, where another run would look for its own.
func (f *Folder) exchange() error {
	older, err := lockFolder(f.Path)
	if err != nil && !errors.Is(err, errNoLocks) {
		return err
	}
	defer older.Close()
	err = unix.Renameat2(unix.AT_FDCWD, f.Temp, unix.AT_FDCWD, f.Path, unix.RENAME_EXCHANGE)
	if err != nil {
		return f.renamePlainly()
	}
	// The exchange must be on the disk before the older one goes.
	if err := syncFolder(filepath.Dir(f.Path)); err != nil {
		return err
	}
	if err := os.Rename(f.Temp, f.aside()); err != nil {
		return err
	}
	return os.RemoveAll(f.aside())
}

// renamePlainly is for file systems whose rename has no flags (some network disks).
// Where a run is killed between the two renames, the next puts the older one back.
func (f *Folder) renamePlainly() error {
	err := os.Rename(f.Path, f.replaced())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	there := err == nil
	if err := os.Rename(f.Temp, f.Path); err != nil {
		if there {
			return errors.Join(err, os.Rename(f.replaced(), f.Path))
		}
		return err
	}
	if !there {
		return nil
	}
	if err := syncFolder(filepath.Dir(f.Path)); err != nil {
		return err
	}
	return os.RemoveAll(f.replaced())
}

// Discard removes the temporary folder, and the folders above it that were made for
// it. It is put aside first: while its files go one by one, another run might take
// it for one that a killed run left, and lose its own files in it.
func (f *Folder) Discard() {
	defer f.lock.Close()
	if f.placed {
		return
	}
	if err := os.Rename(f.Temp, f.aside()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		os.RemoveAll(f.Temp)
	}
	os.RemoveAll(f.aside())
	f.removeParents()
}

// syncFolders makes the names in a folder and in those below it last.
func syncFolders(path string) error {
	return filepath.WalkDir(path, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			err = syncFolder(path)
		}
		return err
	})
}

// syncFolder makes the names in a folder last. Some network disks cannot, and say so with EINVAL.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	if err := folder.Sync(); err != nil && !errors.Is(err, unix.EINVAL) {
		return err
	}
	return nil
}
