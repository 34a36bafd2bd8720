package regular

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestRead reads what is a file, and nothing else.
func TestRead(t *testing.T) {
	dir := t.TempDir()
	file, pipe := filepath.Join(dir, "file"), filepath.Join(dir, "pipe")
	if err := os.WriteFile(file, []byte("text"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(pipe, 0o666); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink("file", link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, link} {
		if text, err := Read(path, 4); string(text) != "text" || err != nil {
			t.Errorf("%s: %q, %v", path, text, err)
		}
	}
	if f, _, err := OpenHere(file); err != nil {
		t.Error(err)
	} else {
		f.Close()
	}
	for _, path := range []string{link, pipe, dir, "/dev/zero"} {
		if _, _, err := OpenHere(path); err == nil {
			t.Errorf("%s was opened", path)
		}
	}
	for path, want := range map[string]string{
		pipe: "is not a regular file", dir: "is not a regular file", "/dev/zero": "is not a regular file",
		"/dev/null": "is not a regular file", filepath.Join(dir, "none"): "no such file or directory",
		file: "has 4 bytes: at most 3 are expected",
	} {
		if text, err := Read(path, 3); err == nil || err.Error() != want {
			t.Errorf("%s: %q, %v", path, text, err)
		}
	}
	// /proc's files have no size: what they hold is not what a file of that size holds.
	if _, err := Read("/proc/self/status", 1<<20); err == nil {
		t.Error("a file without an end was read")
	}
}
