package folder

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"hf2olmo/convert/disk"
	"hf2olmo/convert/fault"
)

// A Place is the path of an output, with what may be there already.
type Place struct {
	Path  string // absolute
	Force bool   // replace what an earlier conversion wrote
	Names Names

	compared map[string]fs.FileInfo // large files that were read and match the manifest
}

// Names are the files that conversions write, with slashes, for any trainer and model.
type Names struct {
	Ours    func(name string) bool
	Folders []string // that contain them
	Configs []string // those that users may edit: Keep keeps them if they did
	Targets []string // of the manifests of outputs that these files are of, nil for any
	// Unlisted is the config that manifests of format 1 leave out, by trainer.
	Unlisted map[string]string
}

// known reports whether conversions write files of this name.
func (n *Names) known(name string) bool {
	return name == ManifestFile || n.Ours(name) || n.backup(name)
}

// Edited reports whether a file is a config that users may edit, or a kept one.
func (n *Names) Edited(name string) bool { return slices.Contains(n.Configs, name) || n.backup(name) }

// backup reports whether name is that of a config that was kept: config.yaml.bak, config.yaml.bak.2.
func (n *Names) backup(name string) bool {
	return slices.ContainsFunc(n.Configs, func(config string) bool {
		number, ok := strings.CutPrefix(name, config+backupSuffix)
		return ok && (number == "" || number[0] == '.' && digits(number[1:]))
	})
}

const backupSuffix = ".bak"

// backupName is the first free name for a config that is kept.
func backupName(config string, taken func(name string) bool) string {
	name := config + backupSuffix
	for n := 2; taken(name); n++ {
		name = config + backupSuffix + "." + strconv.Itoa(n)
	}
	return name
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// Vacant returns a fault unless an output can be written there: nothing exists yet or, with Force, only what an
// earlier conversion wrote.
func (p *Place) Vacant(ctx context.Context) error {
	if _, err := p.look(ctx); err != nil {
		return err
	}
	if err := p.takeable(); !errors.Is(err, errBusy) { // Create waits for another run
		return err
	}
	return nil
}

// temp is the path of the temporary folder.
func (p *Place) temp() string {
	parent, name := filepath.Split(p.Path)
	return filepath.Join(parent, "."+name+".partial")
}

// takeable returns a fault if there is a temporary folder that is not a conversion's, and errBusy if it is changing.
func (p *Place) takeable() error {
	before, err := os.Lstat(p.temp())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	_, err = p.partial(p.temp())
	if after, err2 := os.Lstat(p.temp()); err2 != nil || !os.SameFile(before, after) {
		return errBusy // half of what was seen may be another's
	}
	return err
}

// look returns the existing output if it may be replaced, nil if there is none.
func (p *Place) look(ctx context.Context) (*earlier, error) {
	for {
		before, err := p.glance()
		if before == nil || err != nil {
			return nil, err
		}
		found, err := p.survey(ctx, p.Path)
		// Another run may have put a new folder there meanwhile, so that half of each was seen.
		if after, err2 := os.Lstat(p.Path); err2 == nil && os.SameFile(before, after) || ctx.Err() != nil {
			return found, err
		}
	}
}

// notFolder is the fault of an output whose parent is in a file, or is one.
func notFolder(parent string) error {
	info, err := os.Stat(parent)
	if disk.Absent(err) {
		return notFolder(filepath.Dir(parent))
	}
	problem := "is not a folder to write into"
	if err == nil {
		problem = "is " + kind(info.Mode()) + ", not a folder to write into"
	}
	return &fault.Fault{File: parent, Problem: problem, Hint: "Choose another --output or --into."}
}

// glance looks at the path alone. It returns nil if nothing is there, and a fault if what is there can never be
// replaced.
func (p *Place) glance() (fs.FileInfo, error) {
	info, err := os.Lstat(p.Path)
	inTheWay := func(problem, hint string) error {
		return &fault.Fault{File: p.Path, Problem: "is in the way: " + problem, Hint: hint}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case disk.Absent(err): // a part of it is a file
		return nil, notFolder(filepath.Dir(p.Path))
	case err != nil:
		return nil, inTheWay(fault.Cause(err), "")
	case info.Mode()&fs.ModeSymlink != 0:
		to, _ := os.Readlink(p.Path)
		return nil, inTheWay("it is a link to "+to, "Give --output the folder itself, or remove the link.")
	case !info.IsDir():
		return nil, inTheWay("it is "+kind(info.Mode())+", not a folder", "Move it away, or choose another --output.")
	case !p.Force && !isEmpty(p.Path):
		return nil, p.exists()
	}
	if pinned := disk.Pinned(p.Path); pinned != "" {
		return nil, inTheWay("it "+pinned+" and cannot be replaced", "Choose another --output, such as a folder in it.")
	}
	return info, nil
}

// isEmpty reports whether a folder can be listed and has nothing in it: it is taken as if it were not there.
func isEmpty(path string) bool {
	entries, err := os.ReadDir(path)
	return err == nil && len(entries) == 0
}

// exists is the fault of an existing folder without --force.
func (p *Place) exists() error {
	f := &fault.Fault{File: p.Path, Problem: "already exists",
		Hint: "Did you mean --into? Otherwise choose another --output, or move the folder away."}
	if ReadManifest(p.Path) != nil {
		f.Hint = "Choose another --output, or replace it with --force."
	}
	return f
}

// folder reports whether conversions write files into a folder of this name.
func (n *Names) folder(name string) bool {
	return slices.ContainsFunc(n.Folders, func(f string) bool { return f == name || path.Dir(f) == name })
}
