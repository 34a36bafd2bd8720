package between

import (
	"hf2olmo/convert/fault"
	"hf2olmo/convert/native"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/olmocore"
	"hf2olmo/convert/pickle"
)

// A run is how far the training has come, and how it goes on.
type run struct {
	step, tokens int64
	epoch        int64 // from 0
	olmo         olmo.Run
}

// readRun reads the state of a checkpoint of allenai/OLMo. What older trainers did not count is
// computed as the trainer does when it reads such a state.
func readRun(c *native.Checkpoint) (*run, error) {
	written, err := olmo.ReadConfig(c.Path)
	if err != nil {
		return nil, err
	}
	if c.Train == nil {
		return nil, &fault.Fault{File: olmo.TrainFile, Problem: "is missing or damaged: it says how far the run has come"}
	}
	r := &run{step: max(c.Step, 0), olmo: written.Run}
	r.epoch, _ = c.Train.Get("epoch").(int64)
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

// state is what the other trainer's own file says of the run.
func (r *run) state() pickle.Dict {
	p := olmocore.Progress{Step: r.step, Tokens: r.tokens, Epoch: r.epoch + 1, Seed: int64(r.olmo.Seed)}
	return p.State()
}
