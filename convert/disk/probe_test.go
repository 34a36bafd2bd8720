package disk

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestProbe: a probe leaves nothing behind, and removes what a killed one left. "make disks" tries file systems
// that lack something.
func TestProbe(t *testing.T) {
	dir := t.TempDir()
	for _, left := range []string{"", probeFolder, probeRenamed} {
		if left != "" {
			must(t, os.Mkdir(filepath.Join(dir, left), 0o777))
			must(t, os.WriteFile(filepath.Join(dir, left, probeFile), []byte("half"), 0o666))
		}
		must(t, Probe(dir))
		if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
			t.Errorf("after %q: left %v, %v", left, entries, err)
		}
	}
	var lack *Lack
	if err := Probe(filepath.Join(dir, "none")); !errors.As(err, &lack) || lack.What != "create folders" {
		t.Error(err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
