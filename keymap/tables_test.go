package keymap

import "testing"

func TestBundledTablesParse(t *testing.T) {
	families := Families("olmo")
	if len(families) != 5 {
		t.Fatalf("families: %v", families)
	}
	for _, family := range families {
		text, err := Source("olmo", family)
		if err != nil {
			t.Fatal(err)
		}
		table, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", family, err)
		} else if table.Family != family {
			t.Errorf("%s.yaml is of family %s", family, table.Family)
		}
	}
}
