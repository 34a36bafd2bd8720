package olmo

import "hf2olmo/convert/omegaconf"

// A Run is what a config.yaml says of how a model is trained, with the trainer's defaults for what
// it leaves out.
type Run struct {
	Seed         int // by which data is put in order
	Batch        int // sequences of a step
	LearningRate float64
	Duration     string // a number of steps, of tokens with a T behind it, or of epochs with ep
	Scheduler    Scheduler
}

// A Scheduler says how the learning rate goes on.
type Scheduler struct {
	Name, Units string  // Units are steps or tokens
	Warmup      float64 // in Units
	Max         float64 // in Units; 0 for the end of the run
	Final       float64 // as a part of the learning rate
	First       float64 // learning rate; negative for a tenth of the config's
}

// readRun reads a config.yaml as far as a run that goes on depends on it.
func readRun(top *omegaconf.Mapping) Run {
	s := top.Section("scheduler")
	run := Run{Seed: number(top.Get("seed"), 6198), Batch: number(top.Get("global_train_batch_size"), 512)}
	run.LearningRate = float(top.Section("optimizer").Get("learning_rate"), 1e-4)
	run.Duration = "10000"
	if d, err := top.Get("max_duration").As("scalar"); err == nil {
		run.Duration = d.(string)
	}
	run.Seed = number(top.Section("data").Get("seed"), run.Seed)
	run.Scheduler = Scheduler{Name: text(s.Get("name"), "cosine_with_warmup"), Units: text(s.Get("units"), "steps"),
		Warmup: float(s.Get("t_warmup"), 100), Max: float(s.Get("t_max"), 0), Final: float(s.Get("alpha_f"), 0.1),
		First: float(s.Get("warmup_min_lr"), -1)}
	return run
}

func number(v omegaconf.Value, otherwise int) int {
	if n, err := v.As("int"); err == nil {
		return n.(int)
	}
	return otherwise
}

func float(v omegaconf.Value, otherwise float64) float64 {
	if n, err := v.As("float"); err == nil {
		return n.(float64)
	}
	return otherwise
}

func text(v omegaconf.Value, otherwise string) string {
	if t, known := v.Text(); known {
		return t
	}
	return otherwise
}
