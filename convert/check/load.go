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

// mostPickles bounds what is read of the states of all ranks together, in bytes. Those of a
// thousand ranks of a large model have some hundred million.
const mostPickles = 32 << 20

// enough reports whether so much was read that the files of the ranks from this one on are not.
func (c *checker) enough(name string) bool {
	if c.pickles < mostPickles {
		return false
	}
	c.add(Finding{Severity: Note, Code: "not-read", File: name, Problem: "this file and those of later ranks were not read: the first are more than " +
		size(mostPickles) + " of states"})
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
func (c *checker) load(name string, what contents) *torchfile.Loaded {
	c.loaded[name] = failed
	f, info, err := c.open(name)
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
		c.pickles += min(info.Size(), mostPickles)
	}
	var stops *torchfile.LoadError
	switch {
	case errors.As(err, &stops):
		code := "unreadable"
		if stops.Program {
			code = "not-tensors"
		}
		c.add(Finding{Code: code, File: name, Problem: stops.Problem,
			Trainer: "The trainer stops in torch.load: " + stops.Says + ".",
			Hint:    "Copy the file again, or save it with torch.save."})
		return nil
	case err != nil:
		c.add(Finding{Code: "unsure", File: name, Problem: "cannot be read by this program (" + err.Error() + "), " +
			"so it is not known whether the trainer reads it",
			Hint: "If you trust the file, see whether torch reads it: " + loadCommand(name)})
		return nil
	}
	if len(loaded.Unusual) > 0 {
		c.add(Finding{Severity: Warning, Code: "unusual", File: name,
			Problem: "is not as torch.save writes it: " + strings.Join(loaded.Unusual, ", "),
			Trainer: "torch.load reads it all the same; hf2olmo convert and verify do not.",
			Hint:    "Save it again: " + saveCommand(name, "")})
	}
	if foreign := c.notInstalled(loaded.Names); len(foreign) > 0 {
		c.add(Finding{Code: "not-installed", File: name, Problem: "contains objects of classes that do not come " +
			"with the trainer: " + joined(foreign),
			Trainer: "The trainer stops: UnpicklingError: Weights only load failed (main: ModuleNotFoundError or " +
				"AttributeError, unless it can import them).",
			Hint: "Save it without them."})
		return nil
	}
	c.loaded[name] = readable
	c.addRefusal(name, what, loaded)
	return loaded
}

// addRefusal adds what torch.load refuses by default and the main branch reads.
func (c *checker) addRefusal(name string, what contents, loaded *torchfile.Loaded) {
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
	f := Finding{Severity: Warning, Code: "weights-only", File: name,
		Problem: "is refused by torch.load with weights_only=True",
		Found:   loaded.Refused,
		Trainer: "The released ai2-olmo 0.6.0 stops with torch 2.6 or later: UnpicklingError: Weights only load " +
			"failed. Its main branch reads the file.",
		Hint: "Train with main, or save it again: " + saveCommand(name, "")}
	switch {
	case what == weightsOf:
		f.Trainer = "OLMo.from_checkpoint and the released ai2-olmo 0.6.0 stop with torch 2.6 or later: " +
			"UnpicklingError: Weights only load failed. Training with the main branch reads the file."
	case len(packages) > 0 || c.report.Kind.sharded() && !loaded.Protocol:
		if c.foreign {
			return // the same of every rank
		}
		c.foreign = true
		f = Finding{Severity: Note, Code: "weights-only", File: name,
			Problem: "contains " + joined(packages) + " objects, like every one that the trainer saves",
			Trainer: "The released ai2-olmo 0.6.0 cannot read it with torch 2.6 or later: UnpicklingError: " +
				"Weights only load failed. Its main branch can.",
			Hint: "Train with main, or with torch before 2.6."}
		if len(packages) == 0 {
			f.Problem = "contains sharded tensors, like every one that the trainer saves"
		}
	}
	c.add(f)
}

// notInstalled returns the classes and functions that are in no package which the trainer needs.
func (c *checker) notInstalled(names []string) []string {
	var foreign []string
	for _, name := range names {
		pkg, _, _ := strings.Cut(name, ".")
		if !slices.Contains(c.Packages, pkg) {
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
