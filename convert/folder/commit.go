package folder

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"hf2olmo/convert/disk"
	"hf2olmo/convert/fault"
)

// Commit syncs the folder and renames it to its final path, in one step even if it replaces an older one. The lock
// moves along and is removed last, so that no other run can ever take the temporary folder for its own.
func (f *Folder) Commit(ctx context.Context) error {
	if err := syncFolders(f.Temp); err != nil {
		return notWritten(f.Path, err)
	}
	found, err := f.place.look(ctx)
	if err != nil {
		return err
	}
	if err := f.keptAll(found); err != nil {
		return err
	}
	if found == nil {
		err = f.rename()
	} else {
		err = f.replace()
	}
	if err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(f.Path, LockFile)); err != nil {
		f.leave(fault.Output(filepath.Join(f.Path, LockFile), "cannot be removed", err)) // it does no harm
	}
	f.unlock()
	if err := disk.SyncFolder(f.Path); err != nil {
		return notWritten(f.Path, err)
	}
	for _, above := range append(f.made, f.Path) { // a new folder is a name in the one above it
		if err := disk.SyncFolder(filepath.Dir(above)); err != nil {
			return notWritten(f.Path, err)
		}
	}
	if f.older != "" {
		f.leave(f.removeOlder(context.WithoutCancel(ctx), f.older))
	}
	return nil
}

// rename moves the folder to its final path, where nothing is.
func (f *Folder) rename() error {
	err := disk.RenameNew(f.Temp, f.Path)
	if disk.Unsupported(err) {
		err = os.Rename(f.Temp, f.Path) // which replaces only an empty folder
	}
	if err != nil {
		return fault.Output(f.Path, "cannot be renamed from "+f.Temp, err)
	}
	f.placed = true
	return nil
}

// replace replaces an older output, atomically if the file system can. The older one is locked first: for a moment
// it has the temporary name, where another run would look for its own.
func (f *Folder) replace() error {
	lock, err := lockOlder(f.Path)
	if err != nil {
		return err
	}
	defer lock.Close()
	if disk.Exchange(f.Temp, f.Path) != nil {
		return f.replaceInTwoSteps()
	}
	f.placed = true
	// The exchange must be on the disk before the older one goes.
	if err := disk.SyncFolder(filepath.Dir(f.Path)); err != nil {
		f.leave(fault.Output(f.Temp, "contains the older output: the disk did not confirm the new one", err))
		return notWritten(f.Path, err)
	}
	aside := freeName(f.Temp, asideSuffix)
	if err := os.Rename(f.Temp, aside); err != nil {
		f.leave(fault.Output(f.Temp, "contains the older output and cannot be removed", err))
		return nil
	}
	f.older = aside
	return nil
}

// lockOlder locks an existing output. A run that has just made it may hold its lock for a moment longer.
func lockOlder(path string) (*os.File, error) {
	const maxWait = 5 * time.Second
	for deadline := time.Now().Add(maxWait); ; time.Sleep(lookEvery) {
		lock, err := lockFolder(path, true)
		if err == nil || errors.Is(err, errNoLocks) {
			return lock, nil
		}
		if !errors.Is(err, errBusy) || time.Now().After(deadline) {
			return nil, fault.Output(path, "cannot be locked", err)
		}
	}
}

// replaceInTwoSteps is for systems and file systems that cannot exchange two folders. If a run is killed between
// the two renames, the next puts the older output back.
func (f *Folder) replaceInTwoSteps() error {
	replaced := freeName(f.Temp, replacedSuffix)
	failed := func(err error) error { return fault.Output(f.Path, "cannot be renamed from "+f.Temp, err) }
	if err := os.Rename(f.Path, replaced); err != nil {
		return fault.Output(f.Path, "cannot be renamed to make room for the new output", err)
	}
	if err := os.Rename(f.Temp, f.Path); err != nil {
		if back := os.Rename(replaced, f.Path); back != nil {
			f.leave(fault.Output(f.Path, "was renamed to "+replaced+" and cannot be put back", back))
		}
		return failed(err)
	}
	f.placed = true
	if err := disk.SyncFolder(filepath.Dir(f.Path)); err != nil {
		f.leave(fault.Output(replaced, "contains the older output: the disk did not confirm the new one", err))
		return notWritten(f.Path, err)
	}
	f.older = replaced
	if aside := freeName(f.Temp, asideSuffix); os.Rename(replaced, aside) == nil {
		f.older = aside // no other run will want to put it back
	}
	return nil
}

// Discard ends what Commit did not: it removes the temporary folder, and the folders above that were created for
// it. The error says what could not be removed.
//
// The folder is renamed first: while its files are removed one by one, another run might take it for one that a
// killed run left, and lose its own files in it.
func (f *Folder) Discard() error {
	if f.placed {
		f.unlock()
		return f.Left()
	}
	path := f.Temp
	if aside := freeName(f.Temp, asideSuffix); !f.stuck && os.Rename(f.Temp, aside) == nil {
		path = aside
	}
	f.unlock()
	found, err := f.place.partial(path)
	if err == nil {
		err = found.remove(path)
	}
	f.leave(err)
	f.made.remove()
	return f.Left()
}

// leave records that something could not be removed.
func (f *Folder) leave(err error) { f.left.Add("", err) }

// Left returns what no step so far could remove; nil if nothing is left.
func (f *Folder) Left() error { return f.left.Err() }

// syncFolders syncs a folder and those below it, and so the names in them.
func syncFolders(path string) error {
	return filepath.WalkDir(path, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			err = disk.SyncFolder(path)
		}
		return err
	})
}
