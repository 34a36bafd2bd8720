package disk

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func list(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

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
		if names := list(t, dir); names != "" {
			t.Errorf("after %q: left %s", left, names)
		}
	}
	var lack *Lack
	if err := Probe(filepath.Join(dir, "none")); !errors.As(err, &lack) || lack.What != "create folders" {
		t.Error(err)
	}
}

// TestRemoveFolder: it waits for files that are still being closed, and for nothing else.
func TestRemoveFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "x")
	must(t, os.Mkdir(dir, 0o777))
	hidden := filepath.Join(dir, ".fuse_hidden0001")
	must(t, os.WriteFile(hidden, nil, 0o666))
	time.AfterFunc(50*time.Millisecond, func() { os.Remove(hidden) })
	must(t, RemoveFolder(dir))
	must(t, RemoveFolder(dir)) // it is gone
	must(t, os.Mkdir(dir, 0o777))
	must(t, os.WriteFile(filepath.Join(dir, "thesis"), nil, 0o666))
	begun := time.Now()
	if err := RemoveFolder(dir); err == nil || time.Since(begun) > time.Second {
		t.Errorf("%v after %v", err, time.Since(begun))
	}
}

// TestMovable: nothing is moved.
func TestMovable(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	for _, folder := range []string{a, b} {
		must(t, os.Mkdir(folder, 0o777))
		must(t, os.WriteFile(filepath.Join(folder, filepath.Base(folder)), nil, 0o666))
	}
	must(t, Movable(a, b))
	if list(t, a) != "a" || list(t, b) != "b" {
		t.Errorf("a holds %s, b %s", list(t, a), list(t, b))
	}
}
