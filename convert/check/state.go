package check

import (
	"strings"

	"hf2olmo/convert/olmo"
	"hf2olmo/convert/pickle"
)

const freshTrain = `python -c "import torch; torch.save(dict(epoch=0, global_step=0, ` +
	`global_train_examples_seen_this_epoch=0, global_train_tokens_seen=0, world_size=1, checkpoints=[], ` +
	`unsharded_checkpoints=[], ephemeral_checkpoints=[]), 'train.pt')"`

// stateChecks are about the optimizer's state and the trainer's.
type stateChecks struct{ *checker }

// checkOptim looks at the optimizer's state, which is read unless the flag says not to.
func (c stateChecks) checkOptim(model []saved) {
	name, reset := c.dir.reads(optimFile), c.config.flag("reset_optimizer_state")
	switch {
	case name != optimFile && !reset:
		fileChecks{c.checker}.shadow(optimFile, name)
	case name != optimFile:
	case !c.dir.has(optimFile) && reset:
		c.add("optim-missing/unread", about{file: optimFile})
	case !c.dir.has(optimFile):
		c.add("optim-missing/read", about{file: optimFile})
	case reset:
		c.add("optim-unused/"+c.keepsTrainer(), about{file: optimFile})
	default:
		c.checkOptimState(model)
	}
}

// keepsTrainer is the case of an optimizer's state that is not read: whether the trainer's own is. If that is
// reset too, the schedule starts from scratch.
func (c stateChecks) keepsTrainer() string {
	if c.config.flag("reset_trainer_state") {
		return "trainer"
	}
	return "optimizer"
}

func (c stateChecks) checkOptimState(model []saved) {
	loaded := c.torch.load(optimFile, stateOf)
	if loaded == nil {
		return
	}
	dict := pickle.AsMap(loaded.Value)
	groups, _ := dict.Get("param_groups").(*pickle.List)
	if pickle.AsMap(dict.Get("state")) == nil || groups == nil || len(groups.Items) == 0 {
		c.add("optim-broken", about{file: optimFile})
		return
	}
	known := map[string]bool{}
	for _, group := range groups.Items {
		list, _ := pickle.AsMap(group).Get("params").(*pickle.List)
		if list == nil {
			return
		}
		for _, item := range list.Items {
			name, ok := item.(string)
			if !ok {
				return // numbers, as a run without FSDP saves them
			}
			bare, _ := c.target.Saved.Bare(name)
			known[bare] = true
		}
	}
	for _, t := range model {
		if bare, _ := c.target.Saved.Bare(t.name); !known[bare] {
			c.add("optim-names", about{file: optimFile, tensor: t.name})
		}
	}
}

// checkTrain looks at the trainer's own state, which is read always.
func (c stateChecks) checkTrain() {
	name := c.dir.reads(olmo.TrainFile)
	if name != olmo.TrainFile {
		fileChecks{c.checker}.shadow(olmo.TrainFile, name)
		return
	}
	if !c.dir.has(name) && c.dir.has(otherFile) {
		name = otherFile
	}
	if !c.dir.has(name) {
		c.add("train-missing/unsharded", about{file: name}, "command", freshTrain)
		return
	}
	if loaded := c.torch.load(name, stateOf); loaded != nil {
		c.checkTrainState(name, pickle.AsMap(loaded.Value))
	}
}

// checkTrainState looks for what the trainer takes from its state, unless it is reset.
func (c stateChecks) checkTrainState(name string, state *pickle.Map) {
	if c.config.flag("reset_trainer_state") {
		return
	}
	var missing []string
	for _, key := range []string{"checkpoints", "unsharded_checkpoints", "global_step"} {
		if state == nil || !hasKey(state, key) {
			missing = append(missing, key)
		}
	}
	if len(missing) > 0 {
		c.add("train-broken/keys", about{file: name, found: keysOf(state)}, "missing", joined(missing), "first",
			missing[0], "command", freshTrain)
		return
	}
	for _, key := range []string{"checkpoints", "unsharded_checkpoints", "ephemeral_checkpoints"} {
		list, _ := state.Get(key).(*pickle.List)
		if list == nil {
			continue
		}
		for _, item := range list.Items {
			if o, ok := item.(*pickle.Object); !ok || !strings.HasPrefix(o.Class, "pathlib.") {
				c.add("train-broken/paths", about{file: name, tensor: key})
				break
			}
		}
	}
}

func hasKey(m *pickle.Map, key string) bool {
	for _, p := range m.Items {
		if p.Key == any(key) {
			return true
		}
	}
	return false
}

func keysOf(m *pickle.Map) string {
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
