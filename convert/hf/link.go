package hf

import (
	"os"
	"path/filepath"
)

// An Option changes how a model is opened.
type Option func(*place)

// NoFollow refuses files of the model that are links out of its folder: an archive from
// the internet may hold one to any file of its reader. A snapshot's links into the blobs
// of its own repository stay inside. Other models' links are followed to any regular file.
func NoFollow(p *place) { p.noFollow = true }

// blobsOf returns the blobs of the repository whose snapshot dir is, by what is there and
// not by its name; "" if there is no such folder.
func blobsOf(dir string) string {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return ""
	}
	if real, err = filepath.Abs(real); err != nil || filepath.Base(filepath.Dir(real)) != "snapshots" {
		return ""
	}
	blobs := filepath.Join(filepath.Dir(filepath.Dir(real)), "blobs")
	if info, err := os.Lstat(blobs); err != nil || !info.IsDir() {
		return ""
	}
	return blobs
}
