package export

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/output"
)

// Prepare reads the headers of a checkpoint and checks everything that can be known before a
// byte is written. path is the checkpoint's folder, or a run's: then its latest step; or what the ranks
// of a Hugging Face trainer saved. The error is a fault.List with all that is wrong.
func Prepare(ctx context.Context, path string, o Options) (*Export, error) {
	opened, err := open(ctx, path, &o)
	if opened == nil {
		return nil, err
	}
	e := &Export{Model: opened.model, options: o, source: opened}
	e.along = &companions{source: opened, options: &e.options}
	var faults fault.List
	faults.Add("", err)
	faults.Add("", e.along.find())
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

// openOutput looks at the place of the output.
func (e *Export) openOutput(ctx context.Context) (err error) {
	o := &e.options
	o.Folder.Names, o.Folder.Source = files, e.Checkpoint.Path
	name := Name(e.Checkpoint.Path)
	if run := e.source.run; run != nil {
		name = run.Name + "-hf"
	}
	if e.Output, err = output.Resolve(o.Output, o.Into, name); err != nil {
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
	if full, err := filepath.Abs(path); err == nil && strings.Trim(filepath.Base(path), ".") == "" {
		path = full // "." and ".." name nothing
	}
	name := strings.TrimSuffix(filepath.Base(path), olmo.Suffix)
	if run := filepath.Base(filepath.Dir(path)); stepName.MatchString(name) && strings.Trim(run, "./\\") != "" {
		name = run + "-" + name
	}
	return name + "-hf"
}

func (e *Export) warn(format string, args ...any) {
	e.Warnings = append(e.Warnings, fault.Printable(fmt.Sprintf(format, args...)))
}
