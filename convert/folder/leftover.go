package folder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"hf2olmo/convert/fault"
)

// What a killed run may leave beside the place of the output:
//
//	.NAME.partial               what was written so far; the next run clears and takes it
//	.NAME.partial.PID.old       a folder on its way to being removed; the next run removes it
//	.NAME.partial.PID.replaced  the older output, where the file system cannot exchange two
//	                            folders in one step: the next run puts it back unless the
//	                            new one is in its place
//
// and, in a finished folder, the lock file, which does no harm; Tidy removes it.
const (
	asideSuffix    = ".old"
	replacedSuffix = ".replaced"
)

// aside is the name under which a folder waits to be removed. Each process has its
// own: it may have let go of the lock while it still removes what is there.
func (f *Folder) aside() string { return f.Temp + "." + strconv.Itoa(os.Getpid()) + asideSuffix }

// replaced is the name of an older output whose place is not taken yet.
func (f *Folder) replaced() string {
	return f.Temp + "." + strconv.Itoa(os.Getpid()) + replacedSuffix
}

// ownFolder refuses to take over a temporary folder that no run of this user made:
// in a folder where all may write somebody may have put a link there, to anywhere,
// and what it led to would be cleared.
func ownFolder(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it has just become another run's output
	}
	refuse := func(problem string) error {
		return &fault.Fault{File: path, Problem: "is in the way: " + problem,
			Hint: "Remove it, or choose another --output."}
	}
	switch {
	case err != nil:
		return refuse(fault.Cause(err))
	case !info.IsDir():
		return refuse("it is not a folder that a conversion left")
	}
	if s, ok := info.Sys().(*syscall.Stat_t); ok && int(s.Uid) != os.Geteuid() {
		return refuse(fmt.Sprintf("it belongs to another user (%d)", s.Uid))
	}
	return nil
}

// leftovers are the folders beside the temporary one whose names end in suffix.
func (f *Folder) leftovers(suffix string) ([]string, error) {
	parent, name := filepath.Split(f.Temp)
	entries, err := os.ReadDir(parent)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), name+".") && strings.HasSuffix(e.Name(), suffix) {
			paths = append(paths, filepath.Join(parent, e.Name()))
		}
	}
	return paths, nil
}

// restore puts an older output back where a run was killed after it had moved it away
// and before the new one was there. The lock of the temporary folder must be held.
func (f *Folder) restore() error {
	paths, err := f.leftovers(replacedSuffix)
	if err != nil {
		return err
	}
	for _, path := range paths {
		_, err := os.Lstat(f.Path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			err = os.Rename(path, f.Path)
		case err == nil:
			err = os.RemoveAll(path)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// clear removes what a killed run left: everything in the temporary folder but the
// lock, and folders that were put aside but not yet removed.
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
	paths, err := f.leftovers(asideSuffix)
	for _, path := range paths {
		err = errors.Join(err, os.RemoveAll(path))
	}
	return err
}

// Tidy removes the lock file of a finished folder whose run was killed after it had
// brought the folder to its place. One that is held is left to its run.
func Tidy(path string) {
	if _, err := os.Lstat(filepath.Join(path, LockFile)); err != nil {
		return
	}
	lock, err := lockFolder(path)
	if err != nil {
		return // held, or not to be had: it does no harm
	}
	defer lock.Close()
	os.Remove(filepath.Join(path, LockFile))
}
