package disk

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A Lack is something that a conversion needs and a file system cannot do.
type Lack struct {
	What string // such as "rename folders"
	Err  error
}

func (l *Lack) Error() string { return "cannot " + l.What + ": " + l.Err.Error() }

// Unwrap returns the error of the operating system.
func (l *Lack) Unwrap() error { return l.Err }

// ErrCannotRemove matches the Lack of a file system that cannot remove files or folders.
var ErrCannotRemove = errors.New("cannot remove")

// Is reports whether l is ErrCannotRemove.
func (l *Lack) Is(target error) bool {
	return target == ErrCannotRemove && strings.HasPrefix(l.What, "remove")
}

// IsProbe reports whether Probe creates folders of this name.
func IsProbe(name string) bool { return name == probeFolder || name == probeRenamed }

// Names of the probe: one file in a folder, which is renamed.
const (
	probeFolder  = ".probe"
	probeRenamed = ".probe.renamed"
	probeFile    = "file"
)

// Probe checks, with a few bytes, that the file system of dir can do what a conversion needs, before gigabytes are
// written: write at any position in a file, sync, read back, rename a folder, remove. The error is a *Lack. It
// removes what an earlier probe left in dir.
func Probe(dir string) error {
	folder, renamed := filepath.Join(dir, probeFolder), filepath.Join(dir, probeRenamed)
	for _, left := range []string{folder, renamed} {
		if err := removeProbe(left); err != nil {
			return err
		}
	}
	if err := os.Mkdir(folder, 0o777); err != nil {
		return &Lack{"create folders", err}
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
		removeProbe(folder) // the first error is reported
		return err
	}
	return removeProbe(renamed)
}

// probeWriting writes the end of a file before its beginning, as parallel workers may.
func probeWriting(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return &Lack{"create files", err}
	}
	defer f.Close()
	const far = 1 << 16
	text := []byte("probe")
	for _, at := range []int64{far, 0} {
		if _, err := f.WriteAt(text, at); err != nil {
			return &Lack{"write at any position in a file", err}
		}
	}
	if err := f.Sync(); err != nil {
		return &Lack{"sync files", err}
	}
	got := make([]byte, len(text))
	for _, at := range []int64{far, 0} {
		if _, err := f.ReadAt(got, at); err != nil {
			return &Lack{"read back what was just written", err}
		} else if !bytes.Equal(got, text) {
			return &Lack{"read back what was just written", errors.New("the bytes differ")}
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
