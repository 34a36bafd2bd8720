package olmocore

import "strings"

// A Run is what a config.json says of how a model is trained. Numbers that it does not say are nil.
type Run struct {
	Batch       any // tokens of a step
	Length      any // tokens of a sequence
	MaxGradNorm any
	Scheduler   map[string]any // as the trainer's class has it, nil for none
	Duration    map[string]any // value and unit
	Optim       map[string]any // the optimizer's settings
}

// ReadRun returns what a config.json, as ReadConfig reads it, says of the run: that of a trainer's
// own, for a conversion writes the model alone.
func ReadRun(config map[string]any) Run {
	module, loader, data := section(config, "train_module"), section(config, "data_loader"), section(config, "dataset")
	r := Run{Batch: loader["global_batch_size"], Length: data["sequence_length"], MaxGradNorm: module["max_grad_norm"],
		Duration: section(section(config, "trainer"), "max_duration"), Optim: section(module, "optim")}
	if r.Length == nil {
		r.Length = module["max_sequence_length"]
	}
	if scheduler := section(module, "scheduler"); len(scheduler) > 0 {
		r.Scheduler = scheduler
	}
	return r
}

// SchedulerClass is the class of the scheduler, "" for none.
func (r *Run) SchedulerClass() string { return class(r.Scheduler) }

// class is the name of an object's class, without its module.
func class(object map[string]any) string {
	name, _ := object["_CLASS_"].(string)
	return name[strings.LastIndexByte(name, '.')+1:]
}

func section(object map[string]any, name string) map[string]any {
	inner, _ := object[name].(map[string]any)
	return inner
}
