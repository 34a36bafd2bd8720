package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// A work is a command that makes a folder of a source. The suite of kills, failed calls and full disks does each.
type work struct{ verb, source string }

// name is what the folder is called.
func (w work) name() string {
	base := filepath.Base(w.source)
	if w.verb == "export" {
		return strings.TrimSuffix(base, "-unsharded") + "-hf"
	}
	return base + "-unsharded"
}

// exporting makes a checkpoint of a model, for a trainer, and returns the work to export it.
func exporting(t *testing.T, model, target string) work {
	t.Helper()
	checkpoint := filepath.Join(t.TempDir(), filepath.Base(model)+"-unsharded")
	if o := execute(t, "convert", "--target", target, "--output", checkpoint, model); o.status != 0 {
		t.Fatal(o.stderr)
	}
	return work{"export", checkpoint}
}
