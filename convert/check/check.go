// Package check answers whether the native trainer would load a folder, and if not why,
// before a GPU is booked. Headers are read, and with Full every byte.
//
//	kind.go       what the folder is, by what lies in it
//	name.go       the name, by which alone the trainer chooses its loader
//	files.go      files that are missing, and files that are read in place of others
//	config.go     config.yaml: yaml.go reads it as the trainer does, schema.go holds its fields
//	model.go      its section for the model; tokenizer.go, resume.go: what else it names
//	names.go      the names of tensors; shapes.go: the state dict against the config
//	state.go      train.pt and optim.pt
//	sharded.go    the folders of many ranks, a file a format
//	full.go       checksums and NaN
//
// What is said of the trainer was seen with ai2-olmo 0.6.0 and main (testdata/interop/test_check.py).
package check

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/regular"
	"hf2olmo/keymap"
)

// Options are what the user chose.
type Options struct {
	Full     bool // read every byte: checksums and NaN
	NoFollow bool // refuse a folder with links that lead out of it
}

// target is read once, however many folders are checked.
var target = sync.OnceValues(func() (*keymap.Target, error) { return keymap.TargetNamed("olmo") })

// checker gathers what is found out about one folder.
type checker struct {
	Options
	ctx    context.Context
	dir    string // as the user gave it
	path   string // absolute, as the user named it: links have names of their own
	names  map[string]bool
	target *keymap.Target
	olmo.Trainer
	config  *config              // nil where there is none that can be read
	loaded  map[string]loadState // by file
	found   *tokenizer           // that the config names, once it was looked for
	pickles int64                // bytes of pickles that load has read
	report  *Report
}

// Folder checks a folder. The error is that of a context that has ended, or of this
// program; all that is wrong with the folder is in the report.
func Folder(ctx context.Context, dir string, o Options) (*Report, error) {
	c := &checker{Options: o, Trainer: olmo.KnownTrainer(), ctx: ctx, dir: dir, loaded: map[string]loadState{},
		report: &Report{Folder: dir, Kind: Unknown}}
	var err error
	if c.target, err = target(); err != nil {
		return nil, err
	}
	if c.path, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	if c.list() && c.noLinksOut() {
		c.report.Kind = c.kind()
		if err := c.run(); err != nil {
			return nil, err
		}
	}
	c.report.finish()
	return c.report, ctx.Err()
}

// list notes what is in the folder, and reports whether there is one.
func (c *checker) list() bool {
	info, err := os.Stat(c.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		c.add("no-folder/missing", about{})
		return false
	case err == nil && !info.IsDir():
		c.add("no-folder/file", about{})
		return false
	}
	entries, err2 := os.ReadDir(c.path)
	if err = errors.Join(err, err2); err != nil {
		c.add("no-folder/unlisted", about{}, "cause", fault.Cause(err))
		return false
	}
	c.names = map[string]bool{}
	for _, e := range entries {
		c.names[e.Name()] = true
	}
	return true
}

// noLinksOut adds the links that lead out of the folder, which nothing then follows, and
// reports whether there are none, or they do not matter.
func (c *checker) noLinksOut() bool {
	if !c.NoFollow {
		return true
	}
	var faults fault.List
	faults.Add("", regular.NoLinksOut(c.path))
	for _, f := range faults {
		c.add("link-out", about{file: f.File, found: f.Found}, "problem", f.Problem, "hint", f.Hint)
	}
	return len(faults) == 0
}

// run does what is to be done for a folder of its kind.
func (c *checker) run() error {
	switch c.report.Kind {
	case HuggingFace:
		c.huggingFace()
		return nil
	case CoreTrainer:
		return c.coreTrainer()
	case Run:
		c.runFolder()
		return nil
	case Unknown:
		c.unknown()
		return nil
	}
	c.checkName()
	c.readConfig()
	c.checkConfig()
	switch c.report.Kind {
	case Unsharded:
		c.checkFiles()
	default:
		c.checkSharded()
	}
	if c.Full {
		return c.checkBytes()
	}
	return nil
}

// has reports whether there is a file or folder of this path in the folder.
func (c *checker) has(name string) bool {
	_, err := os.Stat(filepath.Join(c.path, name))
	return err == nil
}

// open opens a regular file of the folder.
func (c *checker) open(name string) (*os.File, os.FileInfo, error) {
	return regular.Open(filepath.Join(c.path, name))
}
