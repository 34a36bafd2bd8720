package check

import (
	"errors"
	"slices"
	"strings"

	"hf2olmo/convert/torchfile"
)

// contents is what a file is for: the trainer's main branch reads a state that torch.load
// refuses by default, and every trainer saves such states.
type contents uint8

const (
	weightsOf contents = iota
	stateOf            // of the trainer, of the optimizer, or of a rank
)

// maxPickles bounds what is read of the states of all ranks together, in bytes. Those of a
// thousand ranks of a large model have some hundred million.
const maxPickles = 32 << 20

// loader reads files as torch.load does, and remembers which it could read.
type loader struct {
	*checker
	loaded  map[string]loadState // by file
	pickles int64                // bytes of pickles that load has read
}

// enough reports whether so much was read that the files of the ranks from this one on are not.
func (c *loader) enough(name string) bool {
	if c.pickles < maxPickles {
		return false
	}
	c.add("not-read/ranks", about{file: name}, "size", size(maxPickles))
	return true
}

// loadState is what is known of a file that the trainer reads.
type loadState uint8

const (
	unread loadState = iota
	failed
	readable
)

// load returns what torch.load makes of a file, or nil if the trainer stops there or if that
// is not known. What is wrong with the file becomes findings.
func (c *loader) load(name string, what contents) *torchfile.Loaded {
	c.loaded[name] = failed
	f, info, err := c.dir.open(name)
	var loaded *torchfile.Loaded
	if err == nil {
		defer f.Close()
		loaded, err = torchfile.Load(f, info.Size())
	} else {
		err = &torchfile.LoadError{Problem: "cannot be opened: " + err.Error(), Says: "OSError"}
	}
	if loaded != nil {
		c.pickles += loaded.Bytes
	} else if info != nil {
		c.pickles += min(info.Size(), maxPickles)
	}
	var stops *torchfile.LoadError
	switch {
	case errors.As(err, &stops):
		id := "unreadable/load"
		if stops.Program {
			id = "not-tensors/program"
		}
		c.add(id, about{file: name}, "problem", stops.Problem, "error", stops.Says)
		return nil
	case err != nil:
		c.add("unsure/olmo", about{file: name}, "cause", err, "command", loadCommand(name))
		return nil
	}
	if len(loaded.Unusual) > 0 {
		c.add("unusual", about{file: name}, "how", strings.Join(loaded.Unusual, ", "), "command", saveCommand(name, ""))
	}
	if foreign := c.notInstalled(loaded.Names); len(foreign) > 0 {
		c.add("not-installed/olmo", about{file: name}, "classes", joined(foreign))
		return nil
	}
	c.loaded[name] = readable
	c.addRefusal(name, what, loaded)
	return loaded
}

// addRefusal adds what torch.load refuses by default and the main branch reads.
func (c *loader) addRefusal(name string, what contents, loaded *torchfile.Loaded) {
	if loaded.Refused == "" {
		return
	}
	var packages []string
	for _, class := range loaded.Names {
		pkg, _, _ := strings.Cut(class, ".")
		if !slices.Contains(packages, pkg) && !loaded.Protocol && slices.Contains([]string{"pathlib", "numpy"}, pkg) {
			packages = append(packages, pkg)
		}
	}
	switch {
	case what == weightsOf:
		c.add("weights-only/weights", about{file: name, found: loaded.Refused}, "command", saveCommand(name, ""))
	case len(packages) == 0 && !(c.report.Kind.sharded() && !loaded.Protocol):
		c.add("weights-only/state", about{file: name, found: loaded.Refused}, "command", saveCommand(name, ""))
	case c.report.hasFinding("weights-only/usual"): // it is the same of every rank
	default:
		objects := "sharded tensors"
		if len(packages) > 0 {
			objects = strings.Join(packages, " and ") + " objects"
		}
		c.add("weights-only/usual", about{file: name}, "objects", objects)
	}
}

// notInstalled returns the classes and functions that are in no package which the trainer needs.
func (c *loader) notInstalled(names []string) []string {
	var foreign []string
	for _, name := range names {
		pkg, _, _ := strings.Cut(name, ".")
		if !slices.Contains(c.trainer.Packages, pkg) {
			foreign = append(foreign, name)
		}
	}
	const most = 5
	if len(foreign) > most {
		foreign = append(foreign[:most], "and more")
	}
	return foreign
}

func loadCommand(name string) string {
	return `python -c "import torch; torch.load('` + name + `', map_location='cpu', weights_only=False)"`
}

// saveCommand saves what a file contains again, or what is inside of it.
func saveCommand(name, inside string) string {
	return `python -c "import torch; torch.save(torch.load('` + name +
		`', map_location='cpu', weights_only=False)` + inside + `, '` + name + `')"`
}
