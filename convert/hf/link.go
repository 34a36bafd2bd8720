package hf

import (
	"os"
	"path/filepath"
	"strings"

	"hf2olmo/convert/fault"
)

// mostLinks is how many links are followed one after the other, as on Linux.
const mostLinks = 40

// leadsOut refuses a file of the model that is a link to somewhere else: an archive
// from the internet may hold one to any file of its reader. Links into a hub's cache
// are how downloads lie on a disk, and what stands behind the cache is its owner's.
func (o *opening) leadsOut(name string) *fault.Fault {
	dir, err := filepath.EvalSymlinks(o.dir)
	if err != nil {
		return nil // what is wrong shows when the file is opened
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil
	}
	at := filepath.Join(dir, name)
	for range mostLinks {
		target, err := os.Readlink(at)
		if err != nil { // not a link
			break
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(at), target)
		}
		if at = filepath.Clean(target); inCache(at) {
			return nil
		}
	}
	real, err := filepath.EvalSymlinks(at)
	if err != nil || within(dir, real) || inCache(real) {
		return nil
	}
	return &fault.Fault{File: name, Problem: "is a link that leads out of the folder", Found: real,
		Hint: "Links are followed into the Hugging Face cache only. Put the file itself in the link's place, or a hard link to it."}
}

// inCache reports whether path is …/models--org--name/blobs/<hash>.
func inCache(path string) bool {
	blobs := filepath.Dir(path)
	return filepath.Base(blobs) == "blobs" && strings.HasPrefix(filepath.Base(filepath.Dir(blobs)), repoPrefix)
}

func within(dir, path string) bool {
	relative, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(relative)
}
