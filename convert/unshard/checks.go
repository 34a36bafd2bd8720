package unshard

import (
	"hf2olmo/convert/fault"
	"hf2olmo/convert/native"
	"hf2olmo/convert/olmo"
)

// checkOptimizer checks that the optimizer's state is complete.
func (u *Unsharding) checkOptimizer() error {
	if u.options.NoOptimizer {
		return nil
	}
	warnings, err := u.Checkpoint.CheckOptimizer()
	u.Warnings = append(u.Warnings, warnings...)
	return err
}

// checkShapes compares the model with config.yaml.
func (u *Unsharding) checkShapes() error {
	known, err := u.Checkpoint.CheckShapes()
	if err == nil && !known {
		u.warn("%s describes a model that this program does not know, so the tensors' shapes were not compared with it",
			olmo.ConfigFile)
	}
	return err
}

// checkTrain refuses a checkpoint without the trainer's state: the trainer would stop.
func checkTrain(c *native.Checkpoint) error {
	if c.Train == nil {
		return &fault.Fault{File: olmo.TrainFile, Problem: "is missing or damaged",
			Hint: "The trainer reads it even with --reset_trainer_state."}
	}
	return nil
}
