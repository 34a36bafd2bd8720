package convert_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestWalks looks for every file and name of the walks in the package doc.
func TestWalks(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	steps := regexp.MustCompile(`(?m)^//\t(\S+\.go) +(\w+)`).FindAllStringSubmatch(string(doc), -1)
	if len(steps) < 25 {
		t.Fatalf("%d steps", len(steps))
	}
	for _, step := range steps {
		text, err := os.ReadFile(filepath.Join("..", step[1]))
		if err != nil {
			t.Error(err)
			continue
		}
		if !regexp.MustCompile(`(?m)^(func( \([^)]*\))?|type) ` + step[2] + `\b`).Match(text) {
			t.Errorf("%s does not declare %s", step[1], step[2])
		}
	}
}
