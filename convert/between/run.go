package between

import (
	"hf2olmo/convert/fault"
	"hf2olmo/convert/native"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/olmocore"
	"hf2olmo/convert/pickle"
)

// A run is how far the training has come, and what its config says of how it goes on.
type run struct {
	step, tokens int64
	epoch        int64 // from 0
	seed         int64 // by which data is put in order
	olmo         olmo.Run
	core         olmocore.Run
}

// readRun reads the state of a checkpoint of either trainer.
func readRun(c *native.Checkpoint) (*run, error) {
	if c.Kind == native.CoreTrainer {
		return readCoreRun(c)
	}
	return readOLMoRun(c)
}

// readOLMoRun reads the state of a checkpoint of allenai/OLMo. What older trainers did not count is
// computed as the trainer does when it reads such a state.
func readOLMoRun(c *native.Checkpoint) (*run, error) {
	written, err := olmo.ReadConfig(c.Path)
	if err != nil {
		return nil, err
	}
	if c.Train == nil {
		return nil, &fault.Fault{File: olmo.TrainFile, Problem: "is missing or damaged: it says how far the run has come",
			Hint: "Copy the checkpoint whole."}
	}
	r := &run{step: max(c.Step, 0), olmo: written.Run, seed: int64(written.Run.Seed)}
	r.epoch = counter(c.Train, "epoch")
	counted := false
	if r.tokens, counted = c.Train.Get("global_train_tokens_seen").(int64); !counted {
		steps, known := c.Train.Get("global_data_step").(int64)
		if !known {
			steps = r.step
		}
		length, _ := written.Model["max_sequence_length"].(int)
		r.tokens = steps * int64(written.Run.Batch) * int64(length)
	}
	return r, nil
}

// readCoreRun reads the state of a checkpoint of OLMo-core. One without is of a model that is to be
// trained, and has no optimizer's state either.
func readCoreRun(c *native.Checkpoint) (*run, error) {
	config, err := olmocore.ReadConfig(c.Path)
	if err != nil {
		return nil, err
	}
	r := &run{core: olmocore.ReadRun(config)}
	if c.Train == nil {
		if len(c.Optim) > 0 {
			return nil, &fault.Fault{File: olmocore.StateFile, Problem: "is missing: it says how far the run has come",
				Hint: "Copy the checkpoint whole, or leave the optimizer's state out with --no-optimizer."}
		}
		return r, nil
	}
	r.step, r.tokens = max(c.Step, 0), counter(c.Train, "global_train_tokens_seen")
	r.epoch = max(counter(c.Train, "epoch")-1, 0)
	r.seed = counter(pickle.AsMap(c.Train.Get("data_loader")), "seed")
	return r, nil
}

func counter(state *pickle.Map, name string) int64 {
	n, _ := state.Get(name).(int64)
	return n
}

// state is what the file of the other trainer says of the run.
func (r *run) state(target string) pickle.Dict {
	if target == olmoTarget {
		return olmo.RunState(r.step, r.tokens, r.epoch)
	}
	p := olmocore.Progress{Step: r.step, Tokens: r.tokens, Epoch: r.epoch + 1, Seed: r.seed}
	return p.State()
}

// The trainers, as package keymap names them.
const (
	olmoTarget = "olmo"
	coreTarget = "olmo-core"
)
