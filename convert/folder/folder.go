// Package folder makes a checkpoint's folder appear whole or not at all: its files are written into a hidden folder
// beside it, which is locked, synced and then renamed. An older output is replaced in the same step, but only if it
// contains nothing that hf2olmo did not write: its manifest, hf2olmo.json, lists that.
package folder

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"hf2olmo/convert/disk"
	"hf2olmo/convert/fault"
)

// A Folder is a checkpoint folder that is being written. Commit or Discard ends it.
type Folder struct {
	Path    string   // where the finished folder will be, absolute
	Temp    string   // where its files are written
	Backups []string // which files of users Keep kept, in words
	place   *Place
	lock    *os.File
	made    parents
	kept    map[string]string // hashes of what Keep carried over, by name in the older output
	placed  bool              // it is at Path: what is at Temp is not this run's any more
	stuck   bool              // the file system cannot remove anything
	older   string            // where the replaced output waits to be removed
	left    fault.List        // what could not be removed
}

// Create creates the temporary folder beside the place, checks that the file system can do what is needed, and
// clears what a killed run left there. The folder stays locked as long as the process lives, so two runs never mix:
// if another has the lock, Create calls waiting once, and waits until that run ends.
func Create(ctx context.Context, place *Place, waiting func(path string)) (*Folder, error) {
	f := &Folder{Path: place.Path, Temp: place.temp(), place: place}
	for {
		err := f.take(filepath.Dir(place.Path))
		if err == nil {
			break
		}
		if !errors.Is(err, errBusy) {
			f.made.remove()
			return nil, err
		}
		if waiting != nil {
			waiting(place.Path)
			waiting = nil
		}
		select {
		case <-ctx.Done():
			f.made.remove()
			return nil, context.Cause(ctx)
		case <-time.After(lookEvery):
		}
	}
	if err := f.prepare(ctx); err != nil {
		return nil, errors.Join(err, f.Discard())
	}
	return f, nil
}

const lookEvery = 100 * time.Millisecond

// take creates the temporary folder, or takes over the one that a killed run left. It returns errBusy if a run that
// is alive has it.
func (f *Folder) take(parent string) error {
	if _, err := f.place.glance(); err != nil {
		return err
	}
	err := f.made.create(parent)
	if err == nil {
		err = os.Mkdir(f.Temp, 0o777)
	}
	mine := err == nil
	switch {
	case mine:
	case !errors.Is(err, fs.ErrExist):
		return fault.Output(f.Temp, "cannot be created", err)
	default: // a lock is created in it only if nothing else is there
		if err := f.place.takeable(); err != nil {
			return err
		}
	}
	f.lock, err = lockFolder(f.Temp, true)
	switch {
	case errors.Is(err, errNoLocks) && mine:
		return nil // that it could be created shows that no other run has it
	case errors.Is(err, errNoLocks):
		f.unlock()
		return &fault.Fault{File: f.Path, Hint: "If no other hf2olmo is running, remove that folder.",
			Problem: "is being written by another hf2olmo, or one was killed: " + f.Temp + " exists, and " + err.Error()}
	case err != nil && !errors.Is(err, errBusy):
		if mine {
			os.Remove(f.Temp)
		}
		return fault.Output(f.Temp, "cannot be locked", err)
	}
	return err
}

func (f *Folder) unlock() {
	if f.lock != nil {
		f.lock.Close()
		f.lock = nil
	}
}

// prepare clears the folder that was taken and what killed runs left beside it.
func (f *Folder) prepare(ctx context.Context) error {
	if err := disk.Probe(f.Temp); err != nil {
		f.stuck = errors.Is(err, disk.ErrCannotRemove)
		return lacks(filepath.Dir(f.Path), err)
	}
	if err := f.restore(ctx); err != nil {
		return err
	}
	// It may have become another run's output since take looked, so look again under the lock.
	older, err := f.place.look(ctx)
	if err != nil {
		return err
	}
	if older != nil {
		if err := disk.Movable(f.Path, f.Temp); err != nil { // f.Temp has the lock in it
			return &fault.Fault{File: f.Path, Hint: "Choose another --output, or move the folder away.",
				Problem: "cannot be renamed to make room for the new output: " + fault.Cause(err)}
		}
	}
	return f.clear()
}

// lacks is the fault of a file system that cannot do what a conversion needs.
func lacks(folder string, err error) error {
	var lack *disk.Lack
	if !errors.As(err, &lack) {
		return fault.Output(folder, "cannot be written", err)
	}
	if disk.TroubleOf(err) == disk.TooManyFiles { // not the disk's fault
		return fault.Output(folder, "cannot be written", lack.Err)
	}
	f := fault.Output(folder, "its file system cannot "+lack.What, lack.Err)
	if f.Hint == "" || errors.Is(err, fs.ErrPermission) {
		f.Hint = "Choose an --output or --into on another disk, and copy the finished folder."
	}
	return f
}

// parents are the folders above the output that did not exist, the outermost first.
type parents []string

// create is os.MkdirAll that remembers what it made.
func (p *parents) create(path string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := p.create(filepath.Dir(path)); err != nil {
		return err
	}
	if err := os.Mkdir(path, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	*p = append(*p, path)
	return nil
}

// remove removes what create made, after a failure.
func (p parents) remove() {
	for _, path := range slices.Backward(p) {
		os.Remove(path) // stays if another run has put something into it
	}
}

func notWritten(path string, err error) error { return fault.Output(path, "cannot be written", err) }
