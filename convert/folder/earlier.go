package folder

import (
	"context"
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

// earlier is an older output that contains nothing but what, by its manifest, a conversion wrote: files of that
// name, kind, size and contents.
type earlier struct {
	tree
	keep []kept
}

// kept is a file of an older output that is carried over into the new one.
type kept struct {
	name, as string // in the older and in the new one
	hash     string // of what is in it
}

// A surveyor compares an older output with its manifest.
type surveyor struct {
	*Place
	ctx      context.Context
	root     string
	manifest *Manifest // of format 0 if there is none
	listed   map[string]State
	found    earlier
	unknown  []string
	faults   fault.List
}

// survey compares the folder at root with its manifest. The error lists every reason not to replace it.
func (p *Place) survey(ctx context.Context, root string) (*earlier, error) {
	s := &surveyor{Place: p, ctx: ctx, root: root, manifest: ReadManifest(root), listed: map[string]State{}}
	if s.manifest == nil {
		s.manifest = &Manifest{}
	}
	if err := s.manifest.TooNew(root); err != nil {
		return nil, err
	}
	for _, state := range s.manifest.Outputs {
		s.listed[state.Name] = state
	}
	s.folder("")
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	hint := "--force replaces only what hf2olmo wrote. Move the folder away, or choose another --output."
	switch other := s.ofAnotherKind(); {
	case other != nil:
		s.faults = append(fault.List{other}, s.faults...)
		hint = "--force replaces only an output of the same kind. Move the folder away, or choose another --output."
	case len(s.unknown) > 0:
		s.faults = append(fault.List{notOurs(root, s.unknown)}, s.faults...)
	}
	if s.manifest.Format == 0 {
		hint = "Without " + ManifestFile + " there is no record of what hf2olmo wrote, so nothing is replaced. " +
			"Move the folder away, or choose another --output."
	}
	for i := range s.faults {
		s.faults[i].Hint = hint
	}
	s.nameKept()
	return &s.found, s.faults.Err()
}

// ofAnotherKind is the fault of an output that is whole, but of another kind than what would replace it; nil of others.
func (s *surveyor) ofAnotherKind() *fault.Fault {
	made := s.manifest
	foreign := func(name string) bool { return s.listed[name].Name == "" && !s.containsListed(name) }
	if made.Format == 0 || s.Names.Targets == nil || slices.Contains(s.Names.Targets, made.Target) ||
		slices.ContainsFunc(s.unknown, foreign) {
		return nil
	}
	what := "a checkpoint that hf2olmo wrote for the trainer " + made.Target
	if made.Target == Exported {
		what = "a Hugging Face model that hf2olmo export wrote"
	}
	return &fault.Fault{File: s.root, Problem: "exists and is " + what + ", made from " + made.Source}
}

// notOurs is the fault of a folder that contains something that no conversion wrote.
func notOurs(root string, names []string) *fault.Fault {
	const shown = 5
	list := strings.Join(names[:min(shown, len(names))], ", ")
	if more := len(names) - shown; more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	return &fault.Fault{File: root, Problem: "exists and contains " + list + ", which hf2olmo did not write"}
}

func (s *surveyor) fault(name, format string, args ...any) {
	s.faults = append(s.faults, &fault.Fault{File: filepath.Join(s.root, name), Problem: fmt.Sprintf(format, args...)})
}

// folder compares a folder of the output; name is "" for the output itself.
func (s *surveyor) folder(name string) {
	full := filepath.Join(s.root, name)
	entries, err := os.ReadDir(full)
	if err != nil {
		s.fault(name, "cannot be listed: %s", fault.Cause(err))
	} else if err := disk.Writable(full); err != nil && len(entries) > 0 {
		s.fault(name, "cannot be emptied: %s", fault.Cause(err))
	}
	for _, e := range entries {
		s.entry(path.Join(name, e.Name()))
	}
}

// entry compares one file or folder: its name first, then what it is.
func (s *surveyor) entry(name string) {
	full := filepath.Join(s.root, filepath.FromSlash(name))
	info, err := os.Lstat(full)
	if err != nil {
		s.fault(name, "cannot be examined: %s", fault.Cause(err))
		return
	}
	if pinned := disk.Pinned(full); pinned != "" {
		s.fault(name, "%s and cannot be removed", pinned)
		return
	}
	state, listed := s.listed[name]
	switch {
	case name == LockFile && isLock(info) == nil: // it is removed last
	case s.manifest.Format == 0:
		s.unknown = append(s.unknown, name)
	case info.IsDir() && s.Names.folder(name) && s.containsListed(name):
		s.folder(name)
		s.found.folders = append(s.found.folders, name)
	case name == ManifestFile, listed && s.Names.known(name), s.unlisted(name):
		s.file(name, full, state, info)
	default:
		s.unknown = append(s.unknown, name)
	}
}

// containsListed reports whether the manifest lists files in a folder.
func (s *surveyor) containsListed(folder string) bool {
	return slices.ContainsFunc(s.manifest.Outputs, func(o State) bool { return strings.HasPrefix(o.Name, folder+"/") })
}

// unlisted reports whether a file was written although the manifest leaves it out, as those of format 1 do with
// config.yaml.
func (s *surveyor) unlisted(name string) bool {
	return s.manifest.Format == 1 && name == s.Names.Unlisted[s.manifest.Target]
}

// maxKept is the size limit, in bytes, of a config that is kept: it is copied.
const maxKept = 16 << 20

// file compares a file that a conversion wrote, or what is there instead.
func (s *surveyor) file(name, full string, was State, info fs.FileInfo) {
	config := slices.Contains(s.Names.Configs, name)
	switch {
	case !info.Mode().IsRegular():
		s.fault(name, "is %s, but hf2olmo wrote a file", kind(info.Mode()))
		return
	case name == ManifestFile:
	case (config || s.Names.backup(name)) && info.Size() > maxKept:
		s.fault(name, "has %d bytes, too many for a config", info.Size())
		return
	case config || s.Names.backup(name):
		hash, err := hashFile(s.ctx, full)
		if err != nil {
			s.fault(name, "cannot be read: %s", fault.Cause(err))
			return
		}
		if !config || hash != was.Hash {
			s.found.keep = append(s.found.keep, kept{name: name, hash: hash})
		}
	case info.Size() != was.Size:
		s.fault(name, "has %d bytes, but hf2olmo wrote %d", info.Size(), was.Size)
		return
	case was.Hash != "":
		if !s.same(name, full, was, info) {
			return
		}
	}
	s.found.files = append(s.found.files, name)
}

// same reports whether a file of the right size contains what the conversion wrote. A large one is read only if its
// time differs: then it was copied, or is another.
func (s *surveyor) same(name, full string, was State, info fs.FileInfo) bool {
	sum, want := hashFile, was.Hash
	if was.CRC32 != "" {
		if was.ModTime != nil && was.ModTime.Equal(info.ModTime()) || unaltered(s.compared[name], info) {
			return true
		}
		sum, want = crcFile, was.CRC32
	}
	switch got, err := sum(s.ctx, full); {
	case err != nil:
		s.fault(name, "cannot be read: %s", fault.Cause(err))
		return false
	case got != want:
		s.fault(name, "is not what hf2olmo wrote")
		return false
	}
	if s.compared == nil {
		s.compared = map[string]fs.FileInfo{}
	}
	s.compared[name] = info
	return true
}

func unaltered(was, is fs.FileInfo) bool {
	return was != nil && os.SameFile(was, is) && was.ModTime().Equal(is.ModTime())
}

// nameKept names what is carried over; files that were kept before keep their names.
func (s *surveyor) nameKept() {
	taken := map[string]bool{}
	for _, k := range s.found.keep {
		taken[k.name] = s.Names.backup(k.name)
	}
	for i, k := range s.found.keep {
		s.found.keep[i].as = k.name
		if !s.Names.backup(k.name) {
			s.found.keep[i].as = backupName(k.name, func(name string) bool { return taken[name] })
		}
	}
}
