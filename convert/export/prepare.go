package export

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/native"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/output"
	"hf2olmo/convert/regular"
)

// Prepare reads the headers of a checkpoint and checks everything that can be known before a
// byte is written. path is the checkpoint's folder, or a run's: then its latest step. The error
// is a fault.List with all that is wrong.
func Prepare(ctx context.Context, path string, o Options) (*Export, error) {
	dir := native.Find(path)
	if err := accept(path, dir); err != nil {
		return nil, err
	}
	if o.NoFollow {
		if err := regular.NoLinksOut(dir); err != nil {
			return nil, err
		}
	}
	c, err := native.OpenModel(ctx, dir)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, err
	}
	e := &Export{Checkpoint: c, options: o}
	var faults fault.List
	if e.written, err = olmo.ReadConfig(dir); err != nil {
		faults.Add("", err)
	} else {
		faults.Add("", e.match())
	}
	faults.Add("", e.findTokenizer())
	faults.Add("", e.openOutput(ctx))
	if len(faults) > 0 {
		return nil, faults
	}
	if err := e.layOut(); err != nil {
		return nil, err
	}
	if e.out.Existing != nil {
		warnings, err := e.out.CheckExisting(&e.content)
		e.Warnings = append(e.Warnings, warnings...)
		if err != nil {
			return nil, err
		}
	}
	return e, nil
}

// accept refuses what is no checkpoint that can be exported. dir is what native found there.
func accept(path, dir string) error {
	switch kind := native.Recognize(dir); {
	case dir == "" && regular.Is(filepath.Join(path, configFile)):
		return &fault.Fault{File: path, Problem: "is not a checkpoint of a trainer; it has a config.json, as a model of " +
			"Hugging Face has"}
	case dir == "":
		return &fault.Fault{File: path, Problem: "is not a checkpoint of either trainer"}
	case kind == native.CoreTrainer:
		return &fault.Fault{File: dir, Problem: "is a checkpoint of OLMo-core's trainer, which hf2olmo does not export yet",
			Hint: "Those of allenai/OLMo can be exported."}
	case kind == native.Unsharded && regular.Is(filepath.Join(dir, olmo.ModelFile)) &&
		regular.Is(filepath.Join(dir, "model.safetensors")):
		return &fault.Fault{File: dir, Problem: "has both model.pt and model.safetensors: the trainer reads the latter",
			Hint: "Move the one that is not meant out of the folder."}
	case !regular.Is(filepath.Join(dir, olmo.ConfigFile)):
		return &fault.Fault{File: dir, Problem: "has no " + olmo.ConfigFile + ", which says what its tensors compute",
			Hint: "Copy it from the folder of the run."}
	}
	return nil
}

// openOutput looks at the place of the output.
func (e *Export) openOutput(ctx context.Context) (err error) {
	o := &e.options
	o.Folder.Names = files
	if e.Output, err = output.Resolve(o.Output, o.Into, Name(e.Checkpoint.Path)); err != nil {
		return err
	}
	e.out, err = output.Open(ctx, e.Output, o.Folder)
	return err
}

// stepName is what the trainers call the folder of a step in the folder of a run.
var stepName = regexp.MustCompile(`^step\d+$`)

// Name is what the folder is called by default: as the checkpoint without -unsharded, a step of
// a run after the run too, and with -hf.
func Name(checkpoint string) string {
	path := filepath.Clean(checkpoint)
	name := strings.TrimSuffix(filepath.Base(path), olmo.Suffix)
	if run := filepath.Base(filepath.Dir(path)); stepName.MatchString(name) && strings.Trim(run, "./\\") != "" {
		name = run + "-" + name
	}
	return name + "-hf"
}

func (e *Export) warn(format string, args ...any) {
	e.Warnings = append(e.Warnings, fault.Printable(fmt.Sprintf(format, args...)))
}
