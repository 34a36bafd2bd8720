package check

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/folder"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/torchfile"
)

// dir is a folder that is checked.
type dir struct {
	given string // as the user gave it
	path  string // absolute, as the user named it: links have names of their own
	names map[string]bool
}

func newDir(given string) (*dir, error) {
	path, err := filepath.Abs(given)
	return &dir{given: given, path: path}, err
}

// list notes the names of what is in the folder, and reports whether it is a file.
func (d *dir) list() (isFile bool, err error) {
	info, err := os.Stat(d.path)
	if err != nil {
		return false, err
	}
	if !info.IsDir() {
		return true, nil
	}
	entries, err := os.ReadDir(d.path)
	d.names = map[string]bool{}
	for _, e := range entries {
		d.names[e.Name()] = true
	}
	return false, err
}

// has reports whether there is a file or folder of this path in the folder.
func (d *dir) has(name string) bool {
	_, err := os.Stat(filepath.Join(d.path, name))
	return err == nil
}

// open opens a regular file of the folder.
func (d *dir) open(name string) (*os.File, os.FileInfo, error) {
	return regular.Open(filepath.Join(d.path, name))
}

// reads is the file that the trainer reads when it wants name: one that ends in
// .safetensors comes first.
func (d *dir) reads(name string) string {
	if other := strings.TrimSuffix(name, ".pt") + ".safetensors"; d.has(other) {
		return other
	}
	return name
}

// outline reads a pickle, such as .metadata is.
func (d *dir) outline(name string) (any, error) {
	f, info, err := d.open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	v, err := torchfile.OpenOutline(f, info.Size())
	var one *fault.Fault
	if errors.As(err, &one) {
		return nil, one
	}
	return v, err
}

// ranks returns the numbers of the rank*.pt in a folder of the checkpoint, sorted.
func (d *dir) ranks(folder string) []int {
	entries, err := os.ReadDir(filepath.Join(d.path, folder))
	if err != nil {
		return nil
	}
	var ranks []int
	for _, e := range entries {
		if m := rankFile.FindStringSubmatch(e.Name()); m != nil {
			n, _ := strconv.Atoi(m[1])
			ranks = append(ranks, n)
		}
	}
	slices.Sort(ranks)
	return ranks
}

// renamed is the folder's path once it has the right name for its kind, for what is to be
// done after that.
func (d *dir) renamed(kind Kind) string { return rightName(d.path, kind) }

// shown is the folder's path for a command: as it was given, unless that has no name of its own.
func (d *dir) shown() string {
	given := strings.TrimRight(d.given, "/")
	if filepath.Base(given) != filepath.Base(d.path) {
		return d.path
	}
	return given
}

// quoted is shown for a shell.
func (d *dir) quoted() string { return folder.ShellQuote(d.shown()) }
