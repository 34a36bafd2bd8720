package omegaconf

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// FuzzConfigYAML reads whatever config.yaml: it ends soon.
func FuzzConfigYAML(f *testing.F) {
	for _, kind := range []string{"unsharded", "legacy", "new", "local"} {
		paths, _ := filepath.Glob("../../testdata/checkpoints/" + kind + "/*/config.yaml")
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	for _, text := range []string{
		"a: &a [*a]", "a: !!binary x", "? ? ? a", "a: |\n  b\n c", "<<: {a: 1}", "---\n...\n---\na: 1",
		"a: \"\\u0000\xff\"",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		start := time.Now()
		if v, err := Read(text); err == nil && !v.There {
			t.Error("no value, and no error")
		}
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

// TestNoConfigPanics cuts and changes a config.yaml everywhere.
func TestNoConfigPanics(t *testing.T) {
	text, err := os.ReadFile("../../testdata/checkpoints/unsharded/step3-unsharded/config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(text); at += 7 {
		Read(text[:at])
		for _, b := range []byte("\t:[{-&*!|\"'\xff\n#") {
			changed := bytes.Clone(text)
			changed[at] = b
			Read(changed)
		}
	}
}
