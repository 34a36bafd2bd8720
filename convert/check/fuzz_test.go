package check

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// FuzzConfigYAML reads whatever config.yaml: it ends soon.
func FuzzConfigYAML(f *testing.F) {
	for _, kind := range []string{"unsharded", "legacy", "new", "local"} {
		paths, _ := filepath.Glob(filepath.Join(testdata, "checkpoints", kind, "*", "config.yaml"))
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	for _, text := range []string{"a: &a [*a]", "a: !!binary x", "? ? ? a", "a: |\n  b\n c", "<<: {a: 1}", "---\n...\n---\na: 1", "a: \"\\u0000\xff\""} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		start := time.Now()
		if v, err := parseYAML(text); err == nil && !v.there {
			t.Error("no value, and no error")
		}
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("took %v", took)
		}
	})
}
