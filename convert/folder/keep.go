package folder

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/regular"
)

// Keep copies the config of the older output into the new folder as config.yaml.bak if a user edited it, along with
// what was kept before. The new folder must have its own config already: one with the same contents is not kept. It
// returns the files for the manifest.
func (f *Folder) Keep(ctx context.Context) ([]State, error) {
	found, err := f.place.look(ctx)
	if found == nil || err != nil {
		return nil, err
	}
	var states []State
	f.kept = map[string]string{}
	for _, k := range found.keep {
		f.kept[k.name] = k.hash
		if k.name != k.as {
			if fresh, err := hashFile(ctx, filepath.Join(f.Temp, k.name)); err == nil && fresh == k.hash {
				continue
			}
			f.Backups = append(f.Backups, fmt.Sprintf("%s of the older output is kept as %s", k.name, k.as))
		}
		size, err := f.carry(ctx, k)
		if err != nil {
			return nil, err
		}
		states = append(states, State{Name: k.as, Size: size, Hash: k.hash})
	}
	return states, nil
}

// carry copies one file, with its time and its permissions.
func (f *Folder) carry(ctx context.Context, k kept) (int64, error) {
	from, info, err := regular.Open(filepath.Join(f.Path, k.name))
	if err != nil {
		return 0, &fault.Fault{File: filepath.Join(f.Path, k.name), Problem: "cannot be read: " + fault.Cause(err)}
	}
	defer from.Close()
	size, err := writeNew(filepath.Join(f.Temp, k.as), info.Mode().Perm(), &stopping{ctx, from})
	if err == nil {
		os.Chtimes(filepath.Join(f.Temp, k.as), info.ModTime(), info.ModTime()) // which not every file system can
		hash, err2 := hashFile(ctx, filepath.Join(f.Temp, k.as))
		if err = err2; err == nil && hash != k.hash {
			err = errors.New("the original changed while it was copied")
		}
	}
	if err != nil {
		return 0, notWritten(filepath.Join(f.Path, k.as), err)
	}
	return size, nil
}

// keptAll returns a fault if a config of the older output was edited since Keep.
func (f *Folder) keptAll(found *earlier) error {
	if found == nil {
		return nil
	}
	for _, k := range found.keep {
		if f.kept[k.name] != k.hash {
			return &fault.Fault{File: filepath.Join(f.Path, k.name), Problem: "changed while the new output was written",
				Hint: "Convert again once it is no longer being edited."}
		}
	}
	return nil
}

// WriteFile writes a small file into the folder and syncs it. The folder in its name, if there is one,
// is made; Commit syncs it. Those above are not: if somebody removed them, nothing is written.
func (f *Folder) WriteFile(name string, data []byte) error {
	return f.CopyFile(name, bytes.NewReader(data))
}

// CopyFile is WriteFile of what a reader has.
func (f *Folder) CopyFile(name string, from io.Reader) error {
	path := filepath.Join(f.Temp, filepath.FromSlash(name))
	var err error
	if dir := filepath.Dir(path); dir != filepath.Clean(f.Temp) {
		if err = os.Mkdir(dir, 0o777); errors.Is(err, fs.ErrExist) {
			err = nil
		}
	}
	if err == nil {
		_, err = writeNew(path, 0o666, from)
	}
	if err != nil {
		return notWritten(filepath.Join(f.Path, name), err)
	}
	return nil
}

// writeNew writes a file that does not exist yet, and syncs it.
func writeNew(path string, mode fs.FileMode, from io.Reader) (int64, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(file, from)
	if err == nil {
		err = file.Sync()
	}
	return n, errors.Join(err, file.Close())
}
