package keymap_test

import (
	"fmt"
	"testing"

	"hf2olmo/keymap"
)

// TestRegroupIsBounded asks for the state dict of a config whose number of layers has 60
// divisors, each a way to group them: not every name is looked up in every way.
func TestRegroupIsBounded(t *testing.T) {
	target, err := keymap.TargetNamed("olmo")
	if err != nil {
		t.Fatal(err)
	}
	const layers = 5040
	config := map[string]any{"n_layers": layers, "d_model": 8, "n_heads": 2, "vocab_size": 96, "embedding_size": 96}
	calls := 0
	has := func(string) bool { calls++; return false }
	tensors, refusals := target.StateDict(config, 20*layers, has)
	if len(tensors) < layers || len(refusals) > 0 {
		t.Fatalf("%d tensors, %v", len(tensors), refusals)
	}
	if calls > 8*len(tensors) {
		t.Errorf("%d names looked up for %d tensors", calls, len(tensors))
	}
	if tensors, refusals := target.StateDict(config, layers, has); tensors != nil || len(refusals) == 0 {
		t.Errorf("%d tensors for a file with %d", len(tensors), layers)
	}
}

// TestRegroup finds the layers of a file that groups them otherwise than the config.
func TestRegroup(t *testing.T) {
	target, err := keymap.TargetNamed("olmo")
	if err != nil {
		t.Fatal(err)
	}
	config := map[string]any{
		"n_layers": 12, "d_model": 8, "n_heads": 2, "vocab_size": 96, "embedding_size": 96, "block_group_size": 2,
	}
	for _, size := range []int{1, 2, 3, 4, 6, 12} {
		there := map[string]bool{}
		for i := range 12 {
			layer := fmt.Sprintf("blocks.%d", i)
			if size > 1 {
				layer = fmt.Sprintf("block_groups.%d.%d", i/size, i%size)
			}
			there["transformer."+layer+".attn_out.weight"] = true
		}
		tensors, _ := target.StateDict(config, 1000, func(name string) bool { return there[name] })
		found := 0
		for _, one := range tensors {
			if there[one.Saved] {
				found++
			}
		}
		if found != 12 {
			t.Errorf("groups of %d: %d of 12 layers found", size, found)
		}
	}
}
