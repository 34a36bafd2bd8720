package between

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hf2olmo/convert/dcp"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/match"
	"hf2olmo/convert/middle"
	"hf2olmo/convert/native"
	"hf2olmo/convert/output"
	"hf2olmo/convert/targets"
	"hf2olmo/convert/tokenizers"
	"hf2olmo/convert/trainer"
	"hf2olmo/keymap"
)

// Prepare reads the headers of a checkpoint and checks everything that can be known before a
// byte is written. path is the checkpoint's folder, or a run's: then its latest step. The error
// is a fault.List with all that is wrong.
func Prepare(ctx context.Context, path string, o Options) (*Crossing, error) {
	dir := native.Find(path)
	if err := accept(path, dir, &o); err != nil {
		return nil, err
	}
	prepare := cross
	if o.Target == coreTarget && native.Recognize(dir) == native.CoreTrainer {
		prepare = recast
	}
	c, err := prepare(ctx, dir, o)
	if err != nil {
		return nil, err
	}
	o.Folder.Names, o.Folder.Source = targets.Files, dir
	if c.out, err = output.Open(ctx, c.Output, o.Folder); err != nil {
		return nil, err
	}
	if err := c.layOut(); err != nil {
		return nil, err
	}
	if c.out.Existing != nil {
		warnings, err := c.out.CheckExisting(&c.content)
		c.Warnings = append(c.Warnings, warnings...)
		if err != nil {
			return nil, err
		}
	}
	return c, nil
}

// cross opens a checkpoint of the other trainer, and makes its tensors those of the target.
func cross(ctx context.Context, path string, o Options) (*Crossing, error) {
	c, err := open(ctx, path, o)
	if err != nil {
		return nil, err
	}
	if c.run, err = readRun(c.Checkpoint); err != nil {
		return nil, err
	}
	var faults fault.List
	faults.Add("", c.checkOptimizer())
	faults.Add("", c.match())
	if len(faults) > 0 {
		return nil, faults
	}
	return c, c.convert()
}

// accept refuses what cannot be carried over. dir is what native found at path.
func accept(path, dir string, o *Options) error {
	if dir == "" {
		return native.NotFound(path)
	}
	return native.CheckMomentsCast(dir, o.DType, o.NoOptimizer)
}

// open reads the headers, and finds the model of transformers that computes the same.
func open(ctx context.Context, path string, o Options) (*Crossing, error) {
	from, err := middle.Open(ctx, path, middle.Options{NoFollow: o.NoFollow, Optimizer: !o.NoOptimizer})
	if from != nil && ofDDPModule(from.Checkpoint) {
		return nil, unreadModule(path)
	}
	if err != nil {
		return nil, err
	}
	c := &Crossing{Checkpoint: from.Checkpoint, options: o, from: from, configFile: from.ConfigFile}
	if c.Checkpoint.Train == nil {
		if err := c.Checkpoint.ReadTrain(ctx); err != nil {
			return nil, err
		}
	}
	if c.trainer, err = targets.Named(o.Target); err != nil {
		return nil, err
	}
	if !slices.Contains(keymap.Families(o.Target), c.from.Family) {
		return nil, &fault.Fault{File: path, Problem: fmt.Sprintf("is a model of the family %s, for which there is no table "+
			"of %s", c.from.Family, o.Target)}
	}
	return c, nil
}

// ofDDPModule reports whether OLMo-core's OLMoDDPTrainModule saved a checkpoint: it calls the weights
// <name>.main.
func ofDDPModule(c *native.Checkpoint) bool {
	return c.Kind == native.CoreTrainer && len(c.Model) == 0 && c.Index != nil &&
		slices.ContainsFunc(c.Index.Tensors, func(t dcp.Tensor) bool { return strings.HasSuffix(t.Name, ".main") })
}

func unreadModule(path string) error {
	return &fault.Fault{File: path, Problem: "was saved by OLMo-core's OLMoDDPTrainModule, whose checkpoints are not read",
		Hint: "Load it there, and save it with TransformerTrainModule."}
}

// match applies the other trainer's table to the model.
func (c *Crossing) match() error {
	name := Name(c.Checkpoint.Path, c.options.Target, c.run.step)
	path, err := output.Resolve(c.options.Output, c.options.Into, name)
	if err != nil {
		return err
	}
	if c.Output, err = c.trainer.FolderPath(path, "", ""); err != nil {
		return err
	}
	model, err := middle.Downloaded(c.from, filepath.Base(filepath.Dir(name)))
	if err != nil {
		return err
	}
	chosen := c.options.Tokenizer
	if chosen == "" {
		if chosen, err = c.ownTokenizer(model); err != nil {
			return err
		}
	}
	c.to, err = match.Of(model, match.Options{Target: c.options.Target, Trainer: c.trainer, Folder: c.Output,
		DType: c.options.DType, Tokenizer: chosen})
	c.Warnings = append(append(c.Warnings, c.from.Warnings...), c.to.Warnings...)
	return err
}

// ownTokenizer opens the tokenizer at the first of the checkpoint's middle.Places that has one. If none has, it returns
// what the config of the other trainer may call it: an id of the hub.
func (c *Crossing) ownTokenizer(model *hf.Model) (name string, err error) {
	path := ""
	for _, place := range middle.Places(c.Checkpoint.Path, c.options.NoFollow) {
		if path = hf.FindTokenizer(place); path != "" {
			break
		}
	}
	if path == "" {
		named := c.from.Tokenizer
		if hf.IsID(named) && filepath.Ext(named) != ".json" {
			return named, nil
		}
		return "", nil
	}
	if model.Tokenizer, err = hf.OpenTokenizer(path); err != nil {
		return "", err
	}
	model.Warnings = append(model.Warnings, model.Tokenizer.Warnings...)
	model.Beside = beside(path)
	return "", nil
}

// beside are the files that go along with a model whose tokenizer.json is at path, whatever it is
// called.
func beside(path string) (files []tokenizers.File) {
	for _, name := range tokenizers.Beside {
		file := filepath.Join(filepath.Dir(path), name)
		if name == tokenizers.FileName {
			file = path
		} else if filepath.Base(path) != tokenizers.FileName {
			continue
		}
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
			files = append(files, tokenizers.File{Name: name, Path: file, Size: info.Size()})
		}
	}
	return files
}

// convert makes the tensors of the other trainer from those of the checkpoint, and with them the
// optimizer's state.
func (c *Crossing) convert() (err error) {
	number := map[string]int{}
	for i := range c.from.Tensors {
		number[c.from.Tensors[i].Name] = i
	}
	c.origins = map[string][]string{}
	parts := map[string][]int{} // of each tensor, by their numbers in the middle
	for i := range c.to.Tensors {
		t := &c.to.Tensors[i]
		if t.Same != "" {
			continue
		}
		for k, part := range t.Content.Parts {
			n := number[part.Name]
			parts[t.Name] = append(parts[t.Name], n)
			c.origins[t.Name] = append(c.origins[t.Name], c.from.Rows(n))
			own := *part
			own.Name = c.parameter(n) // as messages call it
			t.Content.Parts[k] = &own
		}
	}
	c.inputs = c.to.Inputs(c.Output)
	c.inputs.Training = &trainer.Training{State: c.run.state(c.options.Target)}
	if !c.options.NoOptimizer && len(c.Checkpoint.Optim) > 0 {
		if c.inputs.Training.Parameters, err = c.parameters(parts); err != nil {
			return err
		}
	}
	if c.options.Target == olmoTarget {
		c.inputs.Training.Config, err = olmoConfig(c)
		return err
	}
	c.inputs.Training.Config = guide{c}.script().Config()
	// Which the model does not need, but export and the way back do.
	length := keymap.Object{{Name: "max_sequence_length", Value: c.from.Setting("max_position_embeddings")}}
	c.inputs.Document = append(slices.Clone(c.inputs.Document), keymap.Setting{Name: "train_module", Value: length})
	return nil
}

func (c *Crossing) warn(format string, args ...any) {
	c.Warnings = append(c.Warnings, fault.Printable(fmt.Sprintf(format, args...)))
}
