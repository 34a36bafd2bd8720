// Package folder makes the folder of a checkpoint appear whole or not at all: files
// are written into a hidden folder beside its place, which is then renamed.
package folder

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"hf2olmo/convert/fault"
)

// A Folder is a checkpoint folder in the making: files are written beside the
// final place, and one rename brings them there, whole. Commit or Discard ends it.
type Folder struct {
	Path    string // of the finished folder, absolute
	Temp    string // where files are written meanwhile
	lock    *os.File
	made    []string // folders above that did not exist, the outermost first
	vacant  Vacancy
	replace bool
}

// Create makes the temporary folder beside path, and clears what a killed run left
// there. The folder is locked as long as the process lives, so two runs never mix.
func Create(path string, force bool, vacant Vacancy) (*Folder, error) {
	if err := vacant(path, force); err != nil {
		return nil, err
	}
	parent, name := filepath.Split(path)
	f := &Folder{Path: path, Temp: filepath.Join(parent, "."+name+".partial"), vacant: vacant, replace: force}
	err := f.makeParents(filepath.Clean(parent))
	if err == nil {
		err = os.Mkdir(f.Temp, 0o777)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		f.removeParents()
		return nil, &fault.Fault{File: f.Temp, Problem: "cannot be made: " + fault.Cause(err)}
	}
	if f.lock, err = lockFolder(f.Temp); err != nil {
		return nil, &fault.Fault{File: path, Problem: err.Error(), Hint: busyHint(err)}
	}
	if err := f.clear(); err != nil {
		f.Discard()
		return nil, &fault.Fault{File: f.Temp, Problem: "cannot be cleared: " + fault.Cause(err)}
	}
	return f, nil
}

// makeParents is MkdirAll that remembers what it made, to take it back after a failure.
func (f *Folder) makeParents(path string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := f.makeParents(filepath.Dir(path)); err != nil {
		return err
	}
	if err := os.Mkdir(path, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	f.made = append(f.made, path)
	return nil
}

func (f *Folder) removeParents() {
	for i := len(f.made) - 1; i >= 0; i-- {
		os.Remove(f.made[i]) // stays where another run has put something into it
	}
}

// clear removes what a killed run left: everything in the temporary folder but the
// lock, and older folders that were replaced but not yet removed.
func (f *Folder) clear() error {
	entries, err := os.ReadDir(f.Temp)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() == LockFile {
			continue
		}
		if err := os.RemoveAll(filepath.Join(f.Temp, e.Name())); err != nil {
			return err
		}
	}
	return os.RemoveAll(f.replaced())
}

// replaced is the name under which an older folder waits to be removed.
func (f *Folder) replaced() string { return f.Temp + ".old" }

// WriteFile writes a small file into the folder and syncs it. A folder that name leads
// through is there already.
func (f *Folder) WriteFile(name string, data []byte) error {
	file, err := os.OpenFile(filepath.Join(f.Temp, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return f.writeFault(name, err)
	}
	_, err = file.Write(data)
	if err == nil {
		err = file.Sync()
	}
	if err2 := file.Close(); err == nil {
		err = err2
	}
	if err != nil {
		return f.writeFault(name, err)
	}
	return nil
}

func (f *Folder) writeFault(name string, err error) error {
	return &fault.Fault{File: filepath.Join(f.Path, name), Problem: "cannot be written: " + fault.Cause(err)}
}

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
		return &fault.Fault{File: f.Path, Problem: "cannot be renamed from " + f.Temp + ": " + fault.Cause(err)}
	}
	if err := os.Remove(filepath.Join(f.Path, LockFile)); err != nil {
		return f.writeFault(LockFile, err)
	}
	f.lock.Close()
	if err := syncFolder(f.Path); err != nil {
		return f.writeFault("", err)
	}
	if err := syncFolder(filepath.Dir(f.Path)); err != nil {
		return f.writeFault("", err)
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
	if err != nil {
		return err
	}
	defer older.Close()
	err = unix.Renameat2(unix.AT_FDCWD, f.Temp, unix.AT_FDCWD, f.Path, unix.RENAME_EXCHANGE)
	if err != nil {
		return f.renamePlainly()
	}
	if err := os.Rename(f.Temp, f.replaced()); err != nil {
		return err
	}
	return os.RemoveAll(f.replaced())
}

// renamePlainly is for file systems whose rename has no flags (some network disks).
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
	return os.RemoveAll(f.replaced())
}

// Discard removes the temporary folder, and the folders above it that were made for it.
func (f *Folder) Discard() {
	os.RemoveAll(f.Temp)
	f.lock.Close()
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
