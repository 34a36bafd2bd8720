package keymap

import (
	"strings"
	"testing"
)

// TestBundledTablesParse parses every table of every target.
func TestBundledTablesParse(t *testing.T) {
	for target, count := range map[string]int{"olmo": 5, "olmo-core": 8} {
		if families := Families(target); len(families) != count {
			t.Errorf("%s: families: %v", target, families)
		}
	}
	for _, b := range Tables() {
		table, err := b.Table()
		if err != nil {
			t.Errorf("%s: %v", b.Name, err)
		} else if _, err := b.match(); err != nil {
			t.Errorf("%s has no match of its own: %v", b.Name, err)
		} else if table.Family != b.Family || table.Target != b.Target {
			t.Errorf("%s is of family %s, target %s", b.Name, table.Family, table.Target)
		}
	}
}

// TestOtherTarget converts for each target the models of the other's tables: where the one
// has no table, it names the other.
func TestOtherTarget(t *testing.T) {
	for _, name := range Targets() {
		for _, other := range Targets() {
			for _, family := range Families(other) {
				target, err := TargetNamed(name)
				if err != nil {
					t.Fatal(err)
				}
				config := map[string]any{"model_type": family}
				if family == "hf_olmo" {
					config["d_model"] = 64
				}
				_, err = For(target, config)
				refusal, refused := err.(*Refusal)
				if refused && !strings.HasSuffix(refusal.Hint, "(--target "+other+").") {
					t.Errorf("%s for %s: %s %s", family, name, refusal.Because, refusal.Hint)
				}
			}
		}
	}
}
