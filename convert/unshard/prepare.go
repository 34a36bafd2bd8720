package unshard

import (
	"context"
	"fmt"
	"path/filepath"

	"hf2olmo/convert/dcp"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/native"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/olmocore"
	"hf2olmo/convert/output"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/targets"
	"hf2olmo/convert/tensor"
)

// Accepts reports whether path is a checkpoint of either trainer, or the folder of a run,
// rather than a model of Hugging Face: a native checkpoint has the trainer's config beside it,
// or a folder with the index of a distributed checkpoint.
func Accepts(path string) bool {
	if path == "" || regular.Is(filepath.Join(path, hfConfig)) && !isCore(path) && !isSharded(path) {
		return false
	}
	dir := native.Find(path)
	switch native.Recognize(dir) {
	case "":
		return false
	case native.CoreTrainer:
		return isCore(dir)
	case native.TorchLegacy, native.Local, native.OLMoCore:
		return true // nobody else writes such files
	}
	return regular.Is(filepath.Join(dir, olmo.ConfigFile))
}

// hfConfig is in the folder of every model of Hugging Face, and in OLMo-core's checkpoints.
const hfConfig = olmocore.ConfigFile

// isCore reports whether a folder is a checkpoint of OLMo-core's trainer.
func isCore(dir string) bool {
	return regular.Is(filepath.Join(dir, olmocore.ModelFolder, dcp.MetadataFile))
}

// isSharded reports whether a folder is a sharded checkpoint of allenai/OLMo, whatever else
// somebody put into it.
func isSharded(dir string) bool {
	kind := native.Recognize(dir)
	return kind.Sharded() && kind != native.CoreTrainer && regular.Is(filepath.Join(dir, olmo.ConfigFile))
}

// Prepare is Open, and checks everything else that can be known before a byte is written: the
// place of the output too.
func Prepare(ctx context.Context, path string, o Options) (*Unsharding, error) {
	dir, err := find(path)
	if err != nil {
		return nil, err
	}
	if err := accept(dir, &o); err != nil {
		return nil, err
	}
	u, err := read(ctx, dir, o)
	if u == nil {
		return nil, err
	}
	var faults fault.List
	faults.Add("", err)
	faults.Add("", u.openOutput(ctx))
	if len(faults) > 0 {
		return nil, faults
	}
	if u.out.Existing != nil {
		u.options.Layout = u.out.Existing.Layout
	}
	if err := u.layOut(); err != nil {
		return nil, err
	}
	if u.out.Existing != nil {
		warnings, err := u.out.CheckExisting(&u.content)
		u.Warnings = append(u.Warnings, warnings...)
		if err != nil {
			return nil, err
		}
	}
	return u, nil
}

// Open reads the headers of a checkpoint, checks it, and lays out the files that would be made
// of it, wherever that is; it cannot be written. path is the checkpoint's folder, or a run's:
// then its latest step. The error is a fault.List with all that is wrong.
func Open(ctx context.Context, path string, o Options) (*Unsharding, error) {
	dir, err := find(path)
	if err != nil {
		return nil, err
	}
	if err := readable(dir); err != nil {
		return nil, err
	}
	u, err := read(ctx, dir, o)
	if err == nil {
		err = u.layOut()
	}
	if err != nil {
		return nil, err
	}
	return u, nil
}

func find(path string) (string, error) {
	dir := native.Find(path)
	if dir == "" {
		return "", native.NotFound(path)
	}
	return dir, nil
}

// read reads the headers of a checkpoint. Without an Unsharding nothing more can be known; with
// one, the error is what is wrong with it.
func read(ctx context.Context, dir string, o Options) (*Unsharding, error) {
	c, err := native.Reading{ModelOnly: o.NoOptimizer, NoFollow: o.NoFollow}.Open(ctx, dir)
	if err != nil {
		return nil, err
	}
	if o.NoOptimizer && !c.Kind.Sharded() {
		if err := c.ReadTrain(ctx); err != nil {
			return nil, err
		}
	}
	u := &Unsharding{Checkpoint: c, options: o}
	var faults fault.List
	faults.Add("", u.readConfig())
	if len(faults) == 0 {
		faults.Add("", u.checkShapes())
	}
	faults.Add("", u.checkOptimizer())
	faults.Add("", checkTrain(c))
	return u, faults.Err()
}

// accept refuses what cannot be unsharded, or need not be.
func accept(dir string, o *Options) error {
	unsharded := native.Recognize(dir) == native.Unsharded
	if unsharded && o.DType == tensor.Invalid && !o.NoOptimizer {
		return &fault.Fault{File: dir, Problem: "is unsharded already",
			Hint: "--dtype casts it, --no-optimizer leaves the optimizer out."}
	}
	if err := readable(dir); err != nil {
		return err
	}
	return native.CheckMomentsCast(dir, o.DType, o.NoOptimizer)
}

// readable refuses checkpoints of another trainer, and those of which it is not clear what
// they contain.
func readable(dir string) error {
	kind := native.Recognize(dir)
	switch {
	case kind == native.CoreTrainer:
		bad := &fault.Fault{File: dir,
			Problem: "is a checkpoint of OLMo-core's trainer",
			Hint: "OLMo-core loads it with any number of GPUs as it is: give the folder as load_path. For allenai/OLMo: " +
				"convert --target olmo."}
		if !regular.Is(filepath.Join(dir, olmocore.ConfigFile)) { // allenai/OLMo's looks the same without its config
			bad.Hint += " If allenai/OLMo saved it, put the run's " + olmo.ConfigFile + " into the folder."
		}
		return bad
	case kind == native.Unsharded && bothFormats(dir):
		return &fault.Fault{File: dir, Problem: "has both model.pt and model.safetensors, or both optim.pt and " +
			"optim.safetensors: the trainer reads the .safetensors",
			Hint: "Move those that are not meant out of the folder."}
	}
	return nil
}

// bothFormats reports whether a folder has a file in torch's format and in safetensors.
func bothFormats(dir string) bool {
	for _, name := range []string{"model", "optim"} {
		if regular.Is(filepath.Join(dir, name+".pt")) && regular.Is(filepath.Join(dir, name+".safetensors")) {
			return true
		}
	}
	return false
}

// openOutput looks at the place of the output.
func (u *Unsharding) openOutput(ctx context.Context) error {
	o := &u.options
	if o.Folder.Names.Ours == nil {
		o.Folder.Names = targets.Files
	}
	name := filepath.Base(u.Checkpoint.Path)
	if step := u.Checkpoint.Step; step >= 0 {
		name = fmt.Sprintf("step%d", step)
	}
	path, err := output.Resolve(o.Output, o.Into, name)
	if err != nil {
		return err
	}
	if u.Output, err = olmo.FolderPath(path); err != nil {
		return err
	}
	o.Folder.Source = u.Checkpoint.Path
	u.out, err = output.Open(ctx, u.Output, o.Folder)
	return err
}

func (u *Unsharding) warn(format string, args ...any) {
	u.Warnings = append(u.Warnings, fault.Printable(fmt.Sprintf(format, args...)))
}
