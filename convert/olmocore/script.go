package olmocore

import (
	"fmt"
	"strings"

	"hf2olmo/convert/trainer"
)

// A Script is what train.py has of a run that it continues; what is empty or 0 stays as for a new run.
type Script struct {
	Optimizer, Scheduler string   // expressions of Python
	Classes              []string // of olmo_core.optim that they use
	Duration             string   // an expression of Python
	LearningRate         string   // a number
	Batch, Length        int      // sequences of a step, tokens of a sequence
}

// scriptKey is what Training.Config calls the Script.
const scriptKey = "script"

// Config is what Training.Config is for the script.
func (s Script) Config() map[string]any { return map[string]any{scriptKey: s} }

// script returns train.py for a run, nil for a model that is to be trained.
func script(t *trainer.Training) ([]byte, error) {
	if t == nil {
		return trainScript, nil
	}
	s, _ := t.Config[scriptKey].(Script)
	text := string(trainScript)
	var missing []string
	replace := func(old, with string, when bool) {
		if strings.Count(text, old) != 1 {
			missing = append(missing, old)
		}
		if when {
			text = strings.Replace(text, old, with, 1)
		}
	}
	replace(`"""Trains from this checkpoint with`, `"""Continues the run of this checkpoint with`, true)
	replace("import AdamWConfig, LinearWithWarmup", "import "+strings.Join(s.Classes, ", "), s.Classes != nil)
	replace("AdamWConfig(lr=a.learning_rate, weight_decay=0.1, betas=(0.9, 0.95))", s.Optimizer, s.Optimizer != "")
	replace("LinearWithWarmup(warmup_fraction=0.03, alpha_f=0.1)", s.Scheduler, s.Scheduler != "")
	replace("default=3e-5", "default="+s.LearningRate, s.LearningRate != "")
	replace("Duration.epochs(a.epochs)", s.Duration, s.Duration != "")
	replace("parser.add_argument(\"--epochs\", type=int, default=1)\n", "", s.Duration != "")
	replace("default=128", fmt.Sprintf("default=%d", s.Batch), s.Batch > 0)
	replace("default=4096", fmt.Sprintf("default=%d", s.Length), s.Length > 0)
	if missing != nil { // somebody edited the one and not the other; a test runs this
		return nil, fmt.Errorf("train.py does not contain %q", missing)
	}
	return []byte(text), nil
}
