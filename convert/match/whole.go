package match

import (
	"hf2olmo/convert/hf"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/trainer"
	"hf2olmo/keymap"
)

// Whole checks that a model has the tensors of its family, in the shapes that its config.json says: by
// whichever table knows the family. known is false if none does. What a trainer would refuse of the model
// does not matter, and nothing is made of it.
func Whole(model *hf.Model) (known bool, err error) {
	for _, name := range keymap.Targets() {
		target, err := keymap.TargetNamed(name)
		if err != nil {
			return false, err
		}
		table, err := keymap.For(target, model.Config)
		if err != nil {
			continue
		}
		m := &matching{Match: &Match{Model: model}, options: Options{Target: name, DType: tensor.Invalid},
			use: trainer.Tokenizer{}}
		facts := keymap.Facts{Tensors: len(model.Tensors), Shapes: model.Shapes(),
			Tokenizer: map[string]any{"vocab_size": 1, "eos_token_id": 0}}
		m.fields = table.Readings(model.Config)
		m.suppose = func(config map[string]any) *keymap.Plan {
			plan, _ := table.Plan(target, config, facts)
			return plan
		}
		if plan := m.suppose(model.Config); plan != nil {
			m.Family = plan.Family
			return true, m.match(plan, false)
		}
	}
	return false, nil
}
