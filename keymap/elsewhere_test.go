package keymap_test

import (
	"errors"
	"testing"

	"hf2olmo/keymap"
)

// TestOtherTrainer: a model of a family that only the other trainer has a table for is refused by its reason, and
// with the trainer that takes it.
func TestOtherTrainer(t *testing.T) {
	has := map[string]map[string]bool{}
	for _, b := range keymap.Tables() {
		if has[b.Family] == nil {
			has[b.Family] = map[string]bool{}
		}
		has[b.Family][b.Target] = true
	}
	seen := 0
	for family, targets := range has {
		for _, name := range keymap.Targets() {
			if targets[name] {
				continue
			}
			seen++
			target, err := keymap.TargetNamed(name)
			if err != nil {
				t.Fatal(err)
			}
			_, err = keymap.For(target, map[string]any{"model_type": family})
			var r *keymap.Refusal
			if !errors.As(err, &r) || !targets[r.Target] || r.Because == "" {
				t.Errorf("%s for %s: %v", family, name, err)
			}
		}
	}
	if seen < 20 {
		t.Error(seen)
	}
}
