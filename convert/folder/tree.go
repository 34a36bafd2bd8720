package folder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"hf2olmo/convert/disk"
	"hf2olmo/convert/fault"
)

// A tree is what to remove of a folder, by names with slashes: files, and the folders that contain them, inner ones
// first. Nothing is ever removed as "all that is in it".
type tree struct {
	files, folders []string
}

// remove removes the files, the folders, the lock and the folder at root itself. It is not an error if any is gone
// already. None may be open: file systems that keep open files under another name could not remove the folder.
func (t *tree) remove(root string) error {
	for _, name := range t.files {
		err := os.Remove(filepath.Join(root, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !disk.IsHidden(path.Base(name)) {
			return notRemoved(root, name, err)
		}
	}
	for _, name := range t.folders {
		if err := disk.RemoveFolder(filepath.Join(root, name)); err != nil {
			return notRemoved(root, name, err)
		}
	}
	if err := os.Remove(filepath.Join(root, LockFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return notRemoved(root, LockFile, err)
	}
	if err := disk.RemoveFolder(root); err != nil {
		return notRemoved(root, "", err)
	}
	return nil
}

// notRemoved is the fault of a folder that cannot be removed because of name in it.
func notRemoved(root, name string, err error) error {
	problem := "cannot be removed"
	if name != "" {
		problem += ": " + name
	}
	return &fault.Fault{File: root, Problem: problem + ": " + fault.Cause(err),
		Hint: "It contains nothing that is still needed: remove it."}
}

// partial lists a temporary folder, or one that was being removed. The error is a fault if something in it is not a
// conversion's, or if it has no lock.
func (p *Place) partial(root string) (*tree, error) {
	if err := ownFolder(root); err != nil {
		return nil, err
	}
	var t tree
	var strange []string
	locked := false
	err := filepath.WalkDir(root, func(full string, e fs.DirEntry, err error) error {
		if err != nil || full == root {
			return ignoreGone(err)
		}
		name, err := filepath.Rel(root, full)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		switch {
		case name == LockFile:
			info, err := e.Info()
			if err == nil {
				err = isLock(info)
			}
			locked = err == nil
			return ignoreGone(err)
		case e.IsDir() && (p.Names.folder(name) || disk.IsProbe(name)):
			t.folders = append(t.folders, name)
			return nil
		case e.Type().IsRegular() && (p.Names.known(name) || disk.IsHidden(e.Name()) || disk.IsProbe(path.Dir(name))):
			t.files = append(t.files, name)
			return nil
		}
		strange = append(strange, name)
		if e.IsDir() {
			return fs.SkipDir
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, inTheWay(root, fault.Cause(err))
	case len(strange) > 0:
		shown := strings.Join(strange[:min(len(strange), 5)], ", ")
		return nil, inTheWay(root, "it contains "+shown+", which hf2olmo did not write")
	case !locked && len(t.files)+len(t.folders) > 0:
		return nil, inTheWay(root, "it has no "+LockFile+" of hf2olmo")
	}
	slices.Reverse(t.folders)
	return &t, nil
}

func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func inTheWay(path, problem string) error {
	return &fault.Fault{File: path, Problem: "is in the way: " + problem,
		Hint: "Remove or rename it, or choose another --output."}
}

// ownFolder refuses to take over a temporary folder that no run of this user created: in a folder where everyone
// may write, another user may have put a link there to anywhere, and its target would be cleared.
func ownFolder(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil // it has just become another run's output
	case err != nil:
		return inTheWay(path, fault.Cause(err))
	case !info.IsDir():
		return inTheWay(path, "it is "+kind(info.Mode())+", not a folder that hf2olmo left")
	}
	if uid, known := disk.Owner(info); known && uid != os.Geteuid() {
		return inTheWay(path, fmt.Sprintf("it belongs to another user (%d)", uid))
	}
	return nil
}
