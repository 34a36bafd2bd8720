package between

import (
	"fmt"

	"hf2olmo/convert/olmocore"
	"hf2olmo/keymap"
)

// schedulerNames are allenai/OLMo's, by the classes of OLMo-core that compute the same.
var schedulerNames = map[string]string{"CosWithWarmup": "cosine_with_warmup", "LinearWithWarmup": "linear_with_warmup",
	"ConstantWithWarmup": "constant_with_warmup", "ConstantScheduler": "constant"}

// olmoConfig is what config.yaml of allenai/OLMo takes of a run of OLMo-core: see keymap's olmo.yaml.
// What is not known is left out, and keeps the value that it has for a new run.
func olmoConfig(c *Crossing) (map[string]any, error) {
	r := &c.run.core
	run := map[string]any{"name": c.inputs.Model, "seed": int(c.run.seed), "optimizer": c.trained()}
	for field, value := range map[string]any{"learning_rate": r.Optim["lr"], "weight_decay": r.Optim["weight_decay"],
		"eps": r.Optim["eps"], "max_grad_norm": r.MaxGradNorm} {
		if n, known := keymap.Number(value); known {
			run[field] = n
		}
	}
	if betas, ok := r.Optim["betas"].([]any); ok {
		run["betas"] = betas
	}
	if c.trained() {
		if err := addOptimizer(c, run); err != nil {
			return nil, err
		}
	}
	batch, known := keymap.Number(r.Batch)
	if length, known2 := keymap.Number(r.Length); known && known2 && length > 0 && batch >= length {
		run["global_train_batch_size"] = int(batch / length)
	}
	if duration := durationOf(r); duration != nil {
		run["max_duration"] = duration
	}
	if scheduler := schedulerOf(r); scheduler != nil {
		run["scheduler"] = scheduler
	}
	return run, nil
}

// durationOf is max_duration of config.yaml, nil if it is not known.
func durationOf(r *olmocore.Run) any {
	value, known := keymap.Number(r.Duration["value"])
	if !known {
		return nil
	}
	switch r.Duration["unit"] {
	case "steps":
		return int(value)
	case "tokens":
		return fmt.Sprintf("%.0fT", value)
	case "epochs":
		return fmt.Sprintf("%.0fep", value)
	}
	return nil
}

// schedulerOf is the scheduler of config.yaml, nil if allenai/OLMo has none that computes the same.
func schedulerOf(r *olmocore.Run) map[string]any {
	s := r.Scheduler
	warmup := s["warmup"]
	if warmup == nil {
		warmup = s["warmup_steps"]
	}
	name, steps := schedulerNames[r.SchedulerClass()], 0.0
	if name != "constant" {
		known := false
		if steps, known = keymap.Number(warmup); !known || name == "" {
			return nil
		}
	}
	first, _ := keymap.Number(s["warmup_min_lr"])
	scheduler := map[string]any{"name": name, "t_warmup": int(steps), "warmup_min_lr": first}
	if units, ok := s["units"].(string); ok {
		scheduler["units"] = units
	}
	if end, ok := keymap.Number(s["t_max"]); ok {
		scheduler["t_max"] = int(end)
	}
	if final, ok := keymap.Number(s["alpha_f"]); ok {
		scheduler["alpha_f"] = final
	}
	return scheduler
}
