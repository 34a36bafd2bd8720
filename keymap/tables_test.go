package keymap

import (
	"io/fs"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestBundledTablesParse parses every table of every target.
func TestBundledTablesParse(t *testing.T) {
	for target, count := range map[string]int{"olmo": 7, "olmo-core": 24} {
		if families := Families(target); len(families) < count {
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

// TestLines: the lines of YAML have at most 120 characters, as those of Go do.
func TestLines(t *testing.T) {
	err := fs.WalkDir(files, ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := files.ReadFile(path)
		for i, line := range strings.Split(string(text), "\n") {
			if n := utf8.RuneCountInString(line); n > 120 {
				t.Errorf("%s:%d has %d characters", path, i+1, n)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
