package targets_test

import (
	"fmt"
	"testing"

	"hf2olmo/convert/targets"
	"hf2olmo/keymap"
)

// Each trainer says where its checkpoints go, and which command trains from them.
func ExampleNamed() {
	for _, name := range []string{"olmo", "olmo-core"} {
		side, err := targets.Named(name)
		if err != nil {
			fmt.Println(err)
			return
		}
		path, err := side.FolderPath("", "/checkpoints", "tiny")
		fmt.Println(path, err)
	}
	_, err := targets.Named("megatron")
	fmt.Println(err)
	// Output:
	// /checkpoints/tiny-unsharded <nil>
	// /checkpoints/tiny/step0 <nil>
	// no target is called "megatron"
}

// TestTargets: package keymap and this one know the same trainers.
func TestTargets(t *testing.T) {
	if len(keymap.Targets()) < 2 {
		t.Error(keymap.Targets())
	}
	for _, name := range keymap.Targets() {
		if _, err := targets.Named(name); err != nil {
			t.Error(err)
		}
	}
}

// TestFiles: --force replaces these, and no others.
func TestFiles(t *testing.T) {
	for name, want := range map[string]bool{
		"model.pt": true, "train.pt": true, "config.yaml": true, "tokenizer.json": true, "config.json": true,
		"optim.pt": true, ".metadata": true, "model_and_optim/.metadata": true, "model_and_optim/__0_12.distcp": true,
		"rank0.pt": false, "model_and_optim/notes": false, "__0_0.distcp": false, "": false,
	} {
		if got := targets.Files.Ours(name); got != want {
			t.Errorf("%q: %v, want %v", name, got, want)
		}
	}
}
