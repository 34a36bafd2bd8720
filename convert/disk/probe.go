package disk

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A Lack is something that a disk cannot do and a conversion needs.
type Lack struct {
	What string // in words: "rename folders"
	Err  error
}

func (l *Lack) Error() string { return "cannot " + l.What + ": " + l.Err.Error() }

// Unwrap returns the error of the system.
func (l *Lack) Unwrap() error { return l.Err }

// ErrCannotRemove is what a Lack is of a disk that removes no files or no folders.
var ErrCannotRemove = errors.New("cannot remove")

// Is reports whether l is ErrCannotRemove.
func (l *Lack) Is(target error) bool {
	return target == ErrCannotRemove && strings.HasPrefix(l.What, "remove")
}

// IsProbe reports whether name is one of those that Probe uses in a folder.
func IsProbe(name string) bool { return name == probeFolder || name == probeRenamed }

// The names of the probe. It is one file in one folder, which is renamed.
const (
	probeFolder  = ".probe"
	probeRenamed = ".probe.renamed"
	probeFile    = "file"
)

// Probe finds out with a few bytes whether the disk of dir can do all that a
// conversion asks of it, so that this is known before gigabytes are written: write
// anywhere in a file, sync, read back, rename a folder, remove. The error is a *Lack. What an
// earlier probe left in dir is removed.
func Probe(dir string) error {
	folder, renamed := filepath.Join(dir, probeFolder), filepath.Join(dir, probeRenamed)
	for _, left := range []string{folder, renamed} {
		if err := removeProbe(left); err != nil {
			return err
		}
	}
	if err := os.Mkdir(folder, 0o777); err != nil {
		return &Lack{"make folders", err}
	}
	err := probeWriting(filepath.Join(folder, probeFile))
	if err == nil {
		if err = SyncFolder(folder); err != nil {
			err = &Lack{"sync folders", err}
		} else if err = os.Rename(folder, renamed); err != nil {
			err = &Lack{"rename folders", err}
		}
	}
	if err != nil {
		removeProbe(folder) // the first error counts
		return err
	}
	return removeProbe(renamed)
}

// probeWriting writes a file from behind, as workers do who copy pieces at once.
func probeWriting(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return &Lack{"make files", err}
	}
	defer f.Close()
	const far = 1 << 16
	text := []byte("probe")
	for _, at := range []int64{far, 0} {
		if _, err := f.WriteAt(text, at); err != nil {
			return &Lack{"write to any place in a file", err}
		}
	}
	if err := f.Sync(); err != nil {
		return &Lack{"sync files", err}
	}
	got := make([]byte, len(text))
	for _, at := range []int64{far, 0} {
		if _, err := f.ReadAt(got, at); err != nil {
			return &Lack{"read what was just written", err}
		} else if !bytes.Equal(got, text) {
			return &Lack{"read what was just written", errors.New("the bytes differ")}
		}
	}
	if err := f.Close(); err != nil {
		return &Lack{"close files", err}
	}
	return nil
}

func removeProbe(folder string) error {
	if err := os.Remove(filepath.Join(folder, probeFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &Lack{"remove files", err}
	}
	if err := RemoveFolder(folder); err != nil {
		return &Lack{"remove folders", err}
	}
	return nil
}
