package keymap_test

import (
	"bytes"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"hf2olmo/keymap"
)

// TestPagesAreComplete applies each bundled table, and what hf2olmo keymap prints of it, to the models of the
// repository: the plans are the same, and what was printed extends nothing.
func TestPagesAreComplete(t *testing.T) {
	paths, _ := filepath.Glob("../testdata/models*/*/config.json")
	applied := map[string]bool{}
	for _, b := range keymap.Tables() {
		text, err := b.Text()
		if err != nil || bytes.Contains(text, []byte("extends")) {
			t.Fatalf("%s is not complete: %v", b.Name, err)
		}
		target, err := keymap.TargetNamed(b.Target)
		if err != nil {
			t.Fatal(err)
		}
		page, err := keymap.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", b.Name, err)
		}
		for _, path := range paths {
			config := readConfig(t, path)
			table, err := keymap.For(target, config)
			if err != nil || table.Family != b.Family {
				continue
			}
			facts := keymap.Facts{Tokenizer: map[string]any{"eos_token_id": 0}, Tensors: 1000}
			want, refused := table.Plan(target, config, facts)
			got, also := page.Plan(target, config, facts)
			if applied[b.Name] = true; !reflect.DeepEqual(got, want) || !reflect.DeepEqual(also, refused) {
				t.Errorf("%s for %s: the plans differ", b.Name, path)
			}
		}
	}
	if len(applied) != len(keymap.Tables()) {
		t.Errorf("models of %d tables", len(applied))
	}
}

// TestHash: a user's table that is otherwise written is another one, whatever it extends.
func TestHash(t *testing.T) {
	one, err := keymap.Parse([]byte("extends: llama\n"))
	if err != nil {
		t.Fatal(err)
	}
	other, err := keymap.Parse([]byte("extends: llama\nlet: {mine: '1'}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if one.Hash() == other.Hash() {
		t.Error("two tables have one hash")
	}
}

// TestOtherTarget converts for each target the models of the other's tables: where the one
// has no table, it names the other.
func TestOtherTarget(t *testing.T) {
	for _, name := range keymap.Targets() {
		for _, other := range keymap.Targets() {
			for _, family := range keymap.Families(other) {
				target, err := keymap.TargetNamed(name)
				if err != nil {
					t.Fatal(err)
				}
				config := map[string]any{"model_type": family}
				if family == "hf_olmo" {
					config["d_model"] = 64
				}
				_, err = keymap.For(target, config)
				refusal, refused := err.(*keymap.Refusal)
				if refused && !strings.HasSuffix(refusal.Hint, "(--target "+other+").") {
					t.Errorf("%s for %s: %s %s", family, name, refusal.Because, refusal.Hint)
				}
			}
		}
	}
}
