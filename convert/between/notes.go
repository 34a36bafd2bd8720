package between

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"hf2olmo/convert/olmocore"
)

// A guide says how the training continues, and what the trainer takes from where.
type guide struct{ of *Crossing }

// notes are the lines of it.
func (g guide) notes() []string {
	c := g.of
	if c.from == nil {
		return []string{"OLMo-core goes on from it as it is: TrainerConfig(load_path=" + strconv.Quote(c.Output) + ", ...)"}
	}
	epoch := c.run.epoch
	if c.options.Target != olmoTarget {
		epoch++ // which it counts from 1
	}
	const from = "The step (%d), the tokens seen (%d) and the epoch (%d) come from the checkpoint."
	notes := append(g.how(), fmt.Sprintf(from, c.run.step, c.run.tokens, epoch), "The position in the data is not "+
		"carried over: the trainers order data differently, so this one starts with the first batch of the epoch.")
	switch {
	case !c.trained():
		return notes
	case c.options.Target == olmoTarget:
		return append(notes, "Moments, betas and eps come from the checkpoint; lr and weight decay from config.yaml, which "+
			"has those of the checkpoint.")
	}
	return append(notes, "Moments, betas, eps and weight decay come from the checkpoint, the latter for each group from "+
		"its first parameter: use these groups.", "The learning rate is that of your scheduler.")
}

// how says what continues the training.
func (g guide) how() []string {
	c := g.of
	if c.options.Target != olmoTarget {
		lines := []string{"To continue the run with OLMo-core, with your token files:",
			"  " + c.trainer.Command(c.Output), "train.py is a complete script. In one of your own, use"}
		for _, line := range append(g.optimizer(), g.scheduler()) {
			lines = append(lines, "  "+line)
		}
		return lines
	}
	lines := []string{"To continue the run, in a clone of allenai/OLMo, with your data and the run's folder for the dots:",
		"  " + c.trainer.Command(c.Output)}
	if class := c.run.core.SchedulerClass(); c.inputs.Training.Config["scheduler"] == nil && class != "" {
		lines = append(lines, fmt.Sprintf("The scheduler was %s, and config.yaml has another: edit it first.", class))
	} else if class == "" {
		lines = append(lines, "The scheduler is not in the checkpoint: give that of the run to config.yaml first.")
	}
	return lines
}

// script is what train.py has of the run.
func (g guide) script() olmocore.Script {
	r := &g.of.run.olmo
	s := olmocore.Script{Optimizer: strings.Join(g.optimizer(), "\n    "), LearningRate: python(r.LearningRate),
		Duration: duration(r.Duration), Batch: r.Batch}
	s.Optimizer = strings.Replace(s.Optimizer, "lr="+s.LearningRate, "lr=a.learning_rate", 1) // the option's value
	s.Length, _ = g.of.from.Setting("max_position_embeddings").(int)
	used := []string{"AdamWConfig", "OptimGroupOverride"}
	if call := g.scheduler(); schedulers[r.Scheduler.Name] != "" {
		s.Scheduler, used = call, append(used, call[:strings.IndexByte(call, '(')])
		if strings.Contains(call, "SchedulerUnits") {
			used = append(used, "SchedulerUnits")
		}
	} else {
		used = append(used, "LinearWithWarmup")
	}
	slices.Sort(used)
	s.Classes = used
	return s
}

// duration is max_duration of config.yaml in Python, "" if it is not known.
func duration(text string) string {
	number, unit := text, "steps"
	if n, tokens := strings.CutSuffix(text, "T"); tokens {
		number, unit = n, "tokens"
	} else if n, epochs := strings.CutSuffix(text, "ep"); epochs {
		number, unit = n, "epochs"
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || n < 1 || n > 1<<53 {
		return ""
	}
	return fmt.Sprintf("Duration.%s(%.0f)", unit, n)
}

// optimizer are the lines of the optimizer in a script, nil if it starts from scratch.
func (g guide) optimizer() (lines []string) {
	c := g.of
	if !c.trained() {
		return nil
	}
	decay, overrides := groups(c.inputs.Training.Parameters, c.adamW)
	first := c.adamW[c.inputs.Training.Parameters[0].Name]
	lines = append(lines, fmt.Sprintf("AdamWConfig(lr=%s, betas=(%s, %s), eps=%s, weight_decay=%s, group_overrides=[",
		python(first.InitialLR), python(first.Beta1), python(first.Beta2), python(first.Eps), python(decay)))
	for _, o := range overrides {
		lines = append(lines, fmt.Sprintf("    OptimGroupOverride(params=[%s], opts={\"weight_decay\": %s}),", o.quoted(),
			python(o.decay)))
	}
	return append(lines, "])")
}

// schedulers are OLMo-core's, by the names of those of allenai/OLMo that compute the same, and how they
// are called in a script.
var schedulers = map[string]string{
	"cosine_with_warmup":       "CosWithWarmup({warmup}{final}{end})",
	"linear_with_warmup":       "LinearWithWarmup({warmup}{final}{end})",
	"inverse_sqrt_with_warmup": "InvSqrtWithWarmup({warmup}alpha_f=0.0)",
	"constant_with_warmup":     "ConstantWithWarmup({warmup})",
	"constant":                 "ConstantScheduler()",
}

// scheduler is the scheduler of config.yaml in a script of OLMo-core. Its warm-up starts at a tenth
// of the learning rate if the config does not say, and OLMo-core's at 0.
func (g guide) scheduler() string {
	s := &g.of.run.olmo.Scheduler
	call := schedulers[s.Name]
	if call == "" {
		return "# a scheduler that does what " + strconv.Quote(s.Name) + " of config.yaml does"
	}
	first := s.First
	if first < 0 {
		first = g.of.run.olmo.LearningRate / 10
	}
	warmup := fmt.Sprintf("warmup=%.0f, warmup_min_lr=%s, ", s.Warmup, python(first))
	end := ""
	if s.Max > 0 {
		end = fmt.Sprintf("t_max=%.0f, ", s.Max)
	}
	if s.Units == "tokens" {
		end += "units=SchedulerUnits.tokens, "
	}
	call = strings.NewReplacer("{warmup}", warmup, "{final}", "alpha_f="+python(s.Final)+", ", "{end}", end).Replace(call)
	return strings.Replace(call, ", )", ")", 1)
}

// python is a float as Python writes it.
func python(v float64) string {
	text := strconv.FormatFloat(v, 'g', -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return text
}
