// Package check reports whether the native trainer would load a folder, and if not why, before a GPU is
// booked. Headers are read, and with Full every byte.
//
// What is said of a finding is in the table findings/*.yaml, by its code (table.go); the logic names codes.
// What is checked has a type per subject, and a checker has what they share:
//
//	dir.go, kind.go   the folder, and what it is: package native recognizes checkpoints
//	name.go, other.go folderChecks: the name, by which alone the trainer chooses its loader; no checkpoint
//	config.go         configChecks: config.yaml; schema.go has its fields, model.go the model's section,
//	                  resume.go what it makes the trainer load; tokenizer.go (tokenizerChecks) its tokenizer
//	load.go, dict.go  loader: files as torch.load reads them
//	names.go, shapes.go  tensorChecks: names, shapes and dtypes of tensors against the config
//	files.go, shadow.go  fileChecks: the files of an unsharded checkpoint
//	state.go          stateChecks: train.pt and optim.pt
//	sharded.go        shardedChecks: what many ranks saved, a file per layout; fit.go: whether it fits together
//	core_trainer.go   coreChecks: checkpoints of OLMo-core's own trainer
//	full.go           byteChecks and itemChecks (items.go): every byte, checksums and NaN; parts.go: of many ranks
//
// What the trainer does was seen with ai2-olmo 0.6.0 and main (testdata/interop/test_check.py).
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
	NoFollow bool // refuse a folder with links that point outside of it
	// Progress is called with how many bytes Full has just read, from many goroutines; nil for none.
	Progress func(bytes int64)
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

// list lists the folder, and reports whether there is one.
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

// noLinksOut adds the links that point outside of the folder, which nothing then follows, and reports whether
// there are none, or they do not matter.
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

// run makes the checks for the kind of the folder.
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
