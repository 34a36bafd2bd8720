package check

import (
	"strings"

	"hf2olmo/convert/olmo"
	"hf2olmo/convert/torchfile"
)

const freshTrain = `python -c "import torch; torch.save(dict(epoch=0, global_step=0, global_train_examples_seen_this_epoch=0, global_train_tokens_seen=0, world_size=1, checkpoints=[], unsharded_checkpoints=[], ephemeral_checkpoints=[]), 'train.pt')"`

// checkOptim looks at the optimizer's state, which is read unless the flag says not to.
func (c *checker) checkOptim(model []saved) {
	name, reset := c.reads(optimFile), c.flag("reset_optimizer_state")
	switch {
	case name != optimFile && !reset:
		c.shadow(optimFile, name)
	case name != optimFile:
	case !c.has(optimFile) && reset:
		c.add(Finding{Severity: Note, Code: "optim-missing", File: optimFile, Problem: "is missing, and config.yaml sets reset_optimizer_state",
			Trainer: "The trainer does not look for it: the optimizer begins anew."})
	case !c.has(optimFile):
		c.add(Finding{Code: "optim-missing", File: optimFile, Problem: "is missing, and config.yaml does not set reset_optimizer_state",
			Trainer: "The trainer stops after it has loaded the model: FileNotFoundError: optim.pt not found.",
			Hint:    "Start with --reset_optimizer_state=true (and --reset_trainer_state=true, if the run begins anew), or set it in config.yaml."})
	case reset:
		c.add(Finding{Severity: Note, Code: "optim-unused", File: optimFile, Problem: "is there, but config.yaml sets reset_optimizer_state",
			Trainer: "The trainer does not read it: the optimizer starts from scratch.", Hint: c.keepOptimizer()})
	default:
		c.checkOptimState(model)
	}
}

// keepOptimizer says how to continue with the optimizer's state: a trainer whose own state is
// reset starts its schedule from scratch.
func (c *checker) keepOptimizer() string {
	flags := "--reset_optimizer_state=false"
	if c.flag("reset_trainer_state") {
		flags += " --reset_trainer_state=false (with the first alone, the step count and the learning rate schedule start from scratch)"
	}
	return "To continue with it: " + flags + ". --try_load_latest_save does both, if save_folder contains a checkpoint."
}

func (c *checker) checkOptimState(model []saved) {
	loaded := c.load(optimFile, stateOf)
	if loaded == nil {
		return
	}
	dict := torchfile.AsMap(loaded.Value)
	groups, _ := dict.Get("param_groups").(*torchfile.List)
	if torchfile.AsMap(dict.Get("state")) == nil || groups == nil || len(groups.Items) == 0 {
		c.add(Finding{Code: "optim-broken", File: optimFile, Problem: "is not the state of an optimizer", Expected: "a dict of state and param_groups",
			Trainer: "The trainer stops: KeyError.", Hint: "Start with --reset_optimizer_state=true."})
		return
	}
	held := map[string]bool{}
	for _, group := range groups.Items {
		list, _ := torchfile.AsMap(group).Get("params").(*torchfile.List)
		if list == nil {
			return
		}
		for _, item := range list.Items {
			name, ok := item.(string)
			if !ok {
				return // numbers, as a run without FSDP saves them
			}
			held[c.unwrap(name, map[string]int{})] = true
		}
	}
	for _, t := range model {
		if !held[c.unwrap(t.name, map[string]int{})] {
			c.add(Finding{Code: "optim-names", File: optimFile, Tensor: t.name, Problem: "the optimizer has no state of this tensor, so it is of another model",
				Trainer: "The trainer stops: ValueError: loaded state dict contains a parameter group that doesn't match the size of optimizer's group (or begins anew in silence, where all parameters are in one group).",
				Hint:    "Start with --reset_optimizer_state=true, or put the optim.pt here that was saved with model.pt."})
		}
	}
}

// checkTrain looks at the trainer's own state, which is read always.
func (c *checker) checkTrain() {
	name := c.reads(olmo.TrainFile)
	if name != olmo.TrainFile {
		c.shadow(olmo.TrainFile, name)
		return
	}
	if !c.has(name) && c.has(otherFile) {
		name = otherFile
	}
	if !c.has(name) {
		c.add(Finding{Code: "train-missing", File: name, Problem: "is missing, and is read also with --reset_trainer_state",
			Trainer: "The trainer stops after it has loaded the model: FileNotFoundError: other.pt not found (it tries that old name last).",
			Hint:    "Make one that begins anew, in the folder: " + freshTrain})
		return
	}
	if loaded := c.load(name, stateOf); loaded != nil {
		c.checkTrainState(name, torchfile.AsMap(loaded.Value))
	}
}

// checkTrainState looks for what the trainer takes from its state, unless it is reset.
func (c *checker) checkTrainState(name string, state *torchfile.Map) {
	if c.flag("reset_trainer_state") {
		return
	}
	var missing []string
	for _, key := range []string{"checkpoints", "unsharded_checkpoints", "global_step"} {
		if state == nil || !hasKey(state, key) {
			missing = append(missing, key)
		}
	}
	if len(missing) > 0 {
		c.add(Finding{Code: "train-broken", File: name, Problem: "lacks " + joined(missing), Found: keysOf(state),
			Trainer: "The trainer stops: KeyError: '" + missing[0] + "' (TypeError where it is no dict).",
			Hint:    "Start with --reset_trainer_state=true, or make one that begins anew, in the folder: " + freshTrain})
		return
	}
	for _, key := range []string{"checkpoints", "unsharded_checkpoints", "ephemeral_checkpoints"} {
		list, _ := state.Get(key).(*torchfile.List)
		if list == nil {
			continue
		}
		for _, item := range list.Items {
			if o, ok := item.(*torchfile.Object); !ok || !strings.HasPrefix(o.Class, "pathlib.") {
				c.add(Finding{Code: "train-broken", File: name, Tensor: key, Problem: "holds something else than paths (pathlib)",
					Trainer: "The trainer stops: AttributeError: 'str' object has no attribute 'is_dir'.",
					Hint:    "Start with --reset_trainer_state=true."})
				break
			}
		}
	}
}

func hasKey(m *torchfile.Map, key string) bool {
	for _, p := range m.Items {
		if p.Key == any(key) {
			return true
		}
	}
	return false
}

func keysOf(m *torchfile.Map) string {
	if m == nil {
		return "no dict"
	}
	var keys []string
	for _, p := range m.Items {
		if s, ok := p.Key.(string); ok && len(keys) < 20 {
			keys = append(keys, s)
		}
	}
	if len(keys) == 0 {
		return "an empty dict"
	}
	return joined(keys)
}

// walk calls visit for every object in v, each once.
func walk(v any, visit func(*torchfile.Object)) {
	seen := map[any]bool{}
	todo := []any{v}
	for len(todo) > 0 {
		v := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		switch v.(type) {
		case *torchfile.List, *torchfile.Map, *torchfile.Object:
			if seen[v] {
				continue
			}
			seen[v] = true
		}
		switch v := v.(type) {
		case *torchfile.List:
			todo = append(todo, v.Items...)
		case *torchfile.Map:
			if v != nil {
				for _, p := range v.Items {
					todo = append(todo, p.Key, p.Value)
				}
			}
		case *torchfile.Object:
			visit(v)
			todo = append(todo, v.Args, v.State, &v.Map)
		}
	}
}
