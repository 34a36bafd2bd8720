// Package folder makes the folder of a checkpoint appear whole or not at all: files
// are written into a hidden folder beside its place, which is then renamed.
package folder

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

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
	placed  bool // at Path: nothing at Temp is this run's any more
}

// Create makes the temporary folder beside path, and clears what a killed run left
// there. The folder is locked as long as the process lives, so two runs never mix:
// where another has the lock, waiting is told once, and Create waits until it ends.
func Create(ctx context.Context, path string, force bool, vacant Vacancy, waiting func(path string)) (*Folder, error) {
	parent, name := filepath.Split(path)
	f := &Folder{Path: path, Temp: filepath.Join(parent, "."+name+".partial"), vacant: vacant, replace: force}
	for {
		err := f.take(filepath.Clean(parent))
		if !errors.Is(err, errBusy) {
			return f.cleared(err)
		}
		if waiting != nil {
			waiting(path)
			waiting = nil
		}
		select {
		case <-ctx.Done():
			f.removeParents()
			return nil, context.Cause(ctx)
		case <-time.After(lookEvery):
		}
	}
}

const lookEvery = 100 * time.Millisecond

// take makes the temporary folder, or takes the one that a killed run left. It
// returns errBusy where a run that is alive has it.
func (f *Folder) take(parent string) error {
	if err := f.vacant(f.Path, f.replace); err != nil {
		return err
	}
	err := f.makeParents(parent)
	if err == nil {
		err = os.Mkdir(f.Temp, 0o777)
	}
	mine := err == nil
	if err != nil && !errors.Is(err, fs.ErrExist) {
		f.removeParents()
		return fault.Output(f.Temp, "cannot be made", err)
	}
	if !mine {
		if err := ownFolder(f.Temp); err != nil {
			f.removeParents()
			return err
		}
	}
	f.lock, err = lockFolder(f.Temp)
	switch {
	case errors.Is(err, errNoLocks) && mine:
		return nil // that it could be made shows that no other run has it
	case errors.Is(err, errNoLocks):
		f.lock.Close()
		f.removeParents()
		return &fault.Fault{File: f.Path, Problem: "is being written by another hf2olmo, or one was killed: " + f.Temp + " is there, and " + err.Error(),
			Hint: "If no other runs, remove that folder."}
	case err != nil && !errors.Is(err, errBusy):
		if mine {
			os.Remove(f.Temp)
		}
		f.removeParents()
		return fault.Output(f.Temp, "cannot be locked", err)
	}
	return err
}

// cleared returns the folder that was taken with err, empty.
func (f *Folder) cleared(err error) (*Folder, error) {
	if err != nil {
		return nil, err
	}
	if err := f.restore(); err != nil {
		f.Discard()
		return nil, fault.Output(f.Path, "cannot be put back", err)
	}
	// It may have become another run's output since take looked: look again, under the lock.
	if err := f.vacant(f.Path, f.replace); err != nil {
		f.Discard()
		return nil, err
	}
	if err := f.clear(); err != nil {
		f.Discard()
		return nil, fault.Output(f.Temp, "cannot be cleared", err)
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
	return fault.Output(filepath.Join(f.Path, name), "cannot be written", err)
}
