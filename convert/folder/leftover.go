package folder

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"hf2olmo/convert/fault"
)

// What a killed run may leave beside the output:
//
//	.NAME.partial               what was written so far; the next run clears it and takes it over
//	.NAME.partial.PID.old       a folder that was being removed; the next run removes the rest
//	.NAME.partial.PID.replaced  the older output, if the file system cannot exchange two folders
//	                            in one step: the next run puts it back unless the new one is in
//	                            its place
//
// and, in a finished folder, the lock file, which does no harm; Tidy removes it. Each of them contains a lock, and
// nothing but what conversions write: other folders with such names are their owner's, and are left alone.
const (
	asideSuffix    = ".old"
	replacedSuffix = ".replaced"
)

// freeName is a free path beside the temporary folder temp, with one of the suffixes. It contains the number of
// the process, for this may have let go of the lock while it still removes what is there; on another machine
// another process may have the same number.
func freeName(temp, suffix string) string {
	for n := os.Getpid(); ; n += 1 << 22 { // Linux has no larger ones
		path := temp + "." + strconv.Itoa(n) + suffix
		if _, err := os.Lstat(path); err != nil {
			return path
		}
	}
}

// leftovers are the folders beside temp that freeName may have named for any process.
func leftovers(temp, suffix string) ([]string, error) {
	parent, name := filepath.Split(temp)
	entries, err := os.ReadDir(parent)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, e := range entries {
		rest, ok1 := strings.CutPrefix(e.Name(), name+".")
		process, ok2 := strings.CutSuffix(rest, suffix)
		if ok1 && ok2 && digits(process) {
			paths = append(paths, filepath.Join(parent, e.Name()))
		}
	}
	return paths, nil
}

// restore puts an older output back if a run was killed after it had moved it away and before the new one was in
// place. The caller must have the lock of the temporary folder.
func (f *Folder) restore(ctx context.Context) error {
	paths, err := leftovers(f.Temp, replacedSuffix)
	if err != nil {
		return fault.Output(filepath.Dir(f.Path), "cannot be listed", err)
	}
	for _, path := range paths {
		info, err := os.Lstat(filepath.Join(path, LockFile))
		if err != nil || isLock(info) != nil || ownFolder(path) != nil || ReadManifest(path) == nil {
			continue // a user's own
		}
		switch _, err := os.Lstat(f.Path); {
		case errors.Is(err, fs.ErrNotExist):
			if err := os.Rename(path, f.Path); err != nil {
				return fault.Output(f.Path, "cannot be put back from "+path, err)
			}
			Tidy(f.Path)
		case err == nil:
			if aside := freeName(f.Temp, asideSuffix); os.Rename(path, aside) == nil {
				path = aside
			}
			f.leave(f.removeOlder(ctx, path))
		}
	}
	return nil
}

// removeOlder removes an older output, now that another is in its place, after one more look: if something has been
// added to it meanwhile, it stays.
func (f *Folder) removeOlder(ctx context.Context, path string) error {
	older, err := f.place.survey(ctx, path)
	if err == nil && path == f.older {
		err = f.keptAll(older)
	}
	if err != nil {
		return errors.Join(&fault.Fault{File: path, Problem: "contains the older output, which is left in place"}, err)
	}
	return older.remove(path)
}

// clear removes what a killed run left: everything in the temporary folder except the lock, and folders that were
// renamed to be removed.
func (f *Folder) clear() error {
	found, err := f.place.partial(f.Temp)
	if err != nil {
		return err
	}
	for _, name := range append(found.files, found.folders...) {
		if err := os.Remove(filepath.Join(f.Temp, name)); err != nil {
			return fault.Output(f.Temp, "cannot be cleared: "+name, err)
		}
	}
	paths, err := leftovers(f.Temp, asideSuffix)
	if err != nil {
		return fault.Output(filepath.Dir(f.Path), "cannot be listed", err)
	}
	for _, path := range paths {
		if old, err := f.place.partial(path); err == nil {
			f.leave(old.remove(path))
		}
	}
	return nil
}
