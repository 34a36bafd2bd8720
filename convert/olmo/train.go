package olmo

import "hf2olmo/convert/pickle"

// TrainState is what train.pt contains: the state of a trainer that has seen nothing yet. The
// trainer always reads the file, even with --reset_trainer_state; if there are no random states
// it says that it keeps its own.
func TrainState() pickle.Dict {
	return pickle.Dict{
		{Key: "epoch", Value: int64(0)},
		{Key: "global_step", Value: int64(0)},
		{Key: "global_train_examples_seen_this_epoch", Value: int64(0)},
		{Key: "global_train_tokens_seen", Value: int64(0)},
		{Key: "world_size", Value: int64(1)},
		{Key: "checkpoints", Value: []any{}},
		{Key: "unsharded_checkpoints", Value: []any{}},
		{Key: "ephemeral_checkpoints", Value: []any{}},
	}
}

// RunState is what train.pt contains of a run that another trainer began: how far it has come. The
// number of examples seen of the epoch is 0, for the trainers put data in different orders.
func RunState(step, tokens, epoch int64) pickle.Dict {
	state := TrainState()
	for i := range state {
		switch state[i].Key {
		case "epoch":
			state[i].Value = epoch
		case "global_step":
			state[i].Value = step
		case "global_train_tokens_seen":
			state[i].Value = tokens
		}
	}
	return state
}
