package keymap

import "testing"

// TestBundledTablesParse parses every table of every target.
func TestBundledTablesParse(t *testing.T) {
	for target, count := range map[string]int{"olmo": 5, "olmo-core": 8} {
		families := Families(target)
		if len(families) != count {
			t.Errorf("%s: families: %v", target, families)
		}
		for _, family := range families {
			text, err := Source(target, family)
			if err != nil {
				t.Fatal(err)
			}
			table, err := Parse(text)
			if err != nil {
				t.Errorf("%s/%s: %v", target, family, err)
			} else if table.Family != family || table.Target != target {
				t.Errorf("%s/%s.yaml is of family %s, target %s", target, family, table.Family, table.Target)
			}
		}
	}
}
