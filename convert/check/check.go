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
	"sync"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/native"
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

// checker is one check of one folder. What is checked of it has types of its own, by subject.
type checker struct {
	Options
	ctx       context.Context
	dir       *dir
	report    *Report
	target    *keymap.Target
	trainer   olmo.Trainer
	config    *config    // nil if there is none that can be read
	tokenizer *tokenizer // that the config names, once it was looked for
	torch     *loader
	opened    *native.Checkpoint // with full tensors; nil if it is not sharded, or damaged
}

// Folder checks a folder. The error is that of a context that has ended, or of this
// program; all that is wrong with the folder is in the report.
func Folder(ctx context.Context, path string, o Options) (*Report, error) {
	c := &checker{Options: o, ctx: ctx, trainer: olmo.KnownTrainer(), report: &Report{Folder: path, Kind: Unknown}}
	c.torch = &loader{checker: c, loaded: map[string]loadState{}}
	var err error
	if c.target, err = target(); err != nil {
		return nil, err
	}
	if c.dir, err = newDir(path); err != nil {
		return nil, err
	}
	if c.list() && c.noLinksOut() {
		c.report.Kind = c.dir.kind()
		if err := c.run(); err != nil {
			return nil, err
		}
	}
	c.report.finish()
	return c.report, ctx.Err()
}

// add adds a finding by what the table calls it.
func (c *checker) add(id string, of about, pairs ...any) { c.report.add(newFinding(id, of, pairs...)) }

// list notes what is in the folder, and reports whether there is one.
func (c *checker) list() bool {
	isFile, err := c.dir.list()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		c.add("no-folder/missing", about{})
	case isFile:
		c.add("no-folder/file", about{})
	case err != nil:
		c.add("no-folder/unlisted", about{}, "cause", fault.Cause(err))
	default:
		return true
	}
	return false
}

// noLinksOut adds the links that lead out of the folder, which nothing then follows, and
// reports whether there are none, or they do not matter.
func (c *checker) noLinksOut() bool {
	if !c.NoFollow {
		return true
	}
	var faults fault.List
	faults.Add("", regular.NoLinksOut(c.dir.path))
	for _, f := range faults {
		c.add("link-out", about{file: f.File, found: f.Found}, "problem", f.Problem, "hint", f.Hint)
	}
	return len(faults) == 0
}

// run does what is to be done for a folder of its kind.
func (c *checker) run() error {
	switch c.report.Kind {
	case HuggingFace:
		folderChecks{c}.huggingFace()
		return nil
	case CoreTrainer:
		return coreChecks{c}.coreTrainer()
	case Run:
		folderChecks{c}.runFolder()
		return nil
	case Unknown:
		folderChecks{c}.unknown()
		return nil
	}
	folderChecks{c}.checkName()
	configChecks{c}.readConfig()
	configChecks{c}.checkConfig()
	switch c.report.Kind {
	case Unsharded:
		fileChecks{c}.checkFiles()
	default:
		shardedChecks{c}.checkSharded()
	}
	if c.Full {
		return byteChecks{c}.checkBytes()
	}
	return nil
}
