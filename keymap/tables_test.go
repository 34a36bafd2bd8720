package keymap

import "testing"

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
