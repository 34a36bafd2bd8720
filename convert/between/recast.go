package between

import (
	"context"
	"maps"
	"path/filepath"
	"slices"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/match"
	"hf2olmo/convert/native"
	"hf2olmo/convert/olmocore"
	"hf2olmo/convert/output"
	"hf2olmo/convert/pickle"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/sharded"
	"hf2olmo/convert/targets"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/tokenizers"
	"hf2olmo/convert/trainer"
)

// recast opens a checkpoint of OLMo-core that stays one, of whatever model and optimizer: cast, or
// without the optimizer's state. Every tensor keeps its name.
func recast(ctx context.Context, dir string, o Options) (*Crossing, error) {
	if o.DType == tensor.Invalid && !o.NoOptimizer {
		return nil, &fault.Fault{File: dir, Problem: "is a checkpoint of OLMo-core's trainer already",
			Hint: "OLMo-core loads it with any number of GPUs as it is: give the folder as load_path. --dtype casts it, " +
				"--no-optimizer leaves the optimizer's state out."}
	}
	checkpoint, err := native.Reading{ModelOnly: o.NoOptimizer, NoFollow: o.NoFollow}.Open(ctx, dir)
	if err == nil && checkpoint.Train == nil {
		err = checkpoint.ReadTrain(ctx)
	}
	if err != nil {
		return nil, err
	}
	if ofDDPModule(checkpoint) {
		return nil, unreadModule(dir)
	}
	c := &Crossing{Checkpoint: checkpoint, options: o, configFile: olmocore.ConfigFile, origins: map[string][]string{}}
	if c.trainer, err = targets.Named(o.Target); err != nil {
		return nil, err
	}
	if c.run, err = readRun(checkpoint); err != nil {
		return nil, err
	}
	name := Name(checkpoint.Path, o.Target, c.run.step)
	if c.Output, err = output.Resolve(o.Output, o.Into, name); err != nil {
		return nil, err
	}
	return c, keepTensors(c, filepath.Base(filepath.Dir(name)))
}

// keepTensors makes what is written of the checkpoint's own tensors and files. model is what it is called.
func keepTensors(c *Crossing, model string) error {
	dir := c.Checkpoint.Path
	c.to = &match.Match{Family: string(c.Checkpoint.Kind), Model: &hf.Model{Source: dir, Dir: dir, Name: model,
		Files: c.Checkpoint.Files}}
	c.to.Model.Beside = beside(filepath.Join(dir, tokenizers.FileName))
	for _, t := range c.Checkpoint.Model {
		c.to.Tensors = append(c.to.Tensors, kept(t, c.options.DType))
		c.origins[t.Name] = []string{t.Name}
	}
	c.inputs = c.to.Inputs(c.Output)
	state, err := keptState(c)
	if err != nil {
		return err
	}
	c.inputs.Training = &trainer.Training{State: state}
	if len(c.Checkpoint.Optim) > 0 {
		c.inputs.Training.Parameters, err = keptOptimizer(c)
	}
	c.own = map[string][]byte{olmocore.ConfigFile: nil, olmocore.TrainFile: nil}
	for name := range c.own {
		if path := filepath.Join(dir, name); regular.Is(path) && err == nil {
			c.own[name], err = regular.Read(path, olmocore.MaxConfig)
		}
	}
	return err
}

// kept is a tensor as it is, or cast; a number stays as it is.
func kept(t *sharded.Tensor, dtype tensor.DType) assemble.Tensor {
	if dtype == tensor.Invalid || len(t.Shape) == 0 || !t.DType.Convertible() {
		dtype = t.DType
	}
	return assemble.Tensor{Name: t.Name, Shape: t.Shape,
		Content: tensor.Content{DType: dtype, Parts: []*tensor.Tensor{&t.Tensor}}}
}

// keptState is the trainer's state without random states, which are of one number of ranks. No run has
// none of them, so that none are looked for.
func keptState(c *Crossing) (state pickle.Dict, err error) {
	if c.Checkpoint.Train == nil {
		return c.run.state(c.options.Target), nil
	}
	for _, item := range c.Checkpoint.Train.Items {
		name, _ := item.Key.(string)
		value, err := any(int64(0)), error(nil)
		switch name {
		case "rng":
			continue
		case "world_size":
		default:
			value, err = pickle.Value(item.Value)
		}
		if err != nil {
			return nil, &fault.Fault{File: olmocore.StateFile, Tensor: name, Problem: "cannot be carried over: it contains " +
				err.Error()}
		}
		state = append(state, pickle.Item{Key: name, Value: value})
	}
	return state, nil
}

// keptOptimizer is the state of the optimizer, whichever it is.
func keptOptimizer(c *Crossing) (list []trainer.Parameter, err error) {
	settings := c.Checkpoint.GroupOf()
	for _, name := range slices.Sorted(maps.Keys(c.Checkpoint.Optim)) {
		p := trainer.Parameter{Name: name}
		for _, item := range settings[name].Items {
			field, _ := item.Key.(string)
			value, err := pickle.Value(item.Value)
			switch {
			case field == "params":
				continue
			case err != nil:
				return nil, &fault.Fault{Tensor: name + "." + field, Problem: "cannot be carried over: it contains " + err.Error()}
			}
			p.Settings = append(p.Settings, pickle.Item{Key: field, Value: value})
		}
		for _, moment := range slices.Sorted(maps.Keys(c.Checkpoint.Optim[name])) {
			t := c.Checkpoint.Optim[name][moment]
			if t.Value != nil {
				return nil, &fault.Fault{Tensor: t.Name, Problem: "is a number of Python, and no tensor", Hint: noOptimizer}
			}
			p.Moments = append(p.Moments, trainer.Moment{Name: moment, Tensor: kept(t, c.options.DType)})
			c.origins[t.Name] = []string{t.Name}
		}
		list = append(list, p)
	}
	return list, nil
}
