package regular_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/regular"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestRead: only files are opened and read.
func TestRead(t *testing.T) {
	dir := t.TempDir()
	file, pipe := filepath.Join(dir, "file"), filepath.Join(dir, "pipe")
	must(t, os.WriteFile(file, []byte("text"), 0o666))
	must(t, syscall.Mkfifo(pipe, 0o666))
	link := filepath.Join(dir, "link")
	must(t, os.Symlink("file", link))
	for _, path := range []string{file, link} {
		if text, err := regular.Read(path, 4); string(text) != "text" || err != nil {
			t.Errorf("%s: %q, %v", path, text, err)
		}
	}
	if f, _, err := regular.OpenHere(file); err != nil {
		t.Error(err)
	} else {
		f.Close()
	}
	for _, path := range []string{link, pipe, dir, "/dev/zero"} {
		if _, _, err := regular.OpenHere(path); err == nil {
			t.Errorf("%s was opened", path)
		}
	}
	for path, want := range map[string]string{
		pipe: "is not a regular file", dir: "is not a regular file", "/dev/zero": "is not a regular file",
		"/dev/null": "is not a regular file", filepath.Join(dir, "none"): "no such file or directory",
		file: "has 4 bytes: at most 3 are expected",
	} {
		if text, err := regular.Read(path, 3); err == nil || err.Error() != want {
			t.Errorf("%s: %q, %v", path, text, err)
		}
	}
	// Files of /proc have no size, and some no end.
	if _, err := regular.Read("/proc/self/status", 1<<20); err == nil {
		t.Error("a file without an end was read")
	}
}

// TestLinks: links that point outside a folder are found, down to the depth of a checkpoint, and others are not.
func TestLinks(t *testing.T) {
	dir := t.TempDir()
	model, outside := filepath.Join(dir, "model"), filepath.Join(dir, "outside")
	must(t, os.MkdirAll(filepath.Join(model, "train"), 0o777))
	for _, path := range []string{outside, filepath.Join(model, "config.json")} {
		must(t, os.WriteFile(path, nil, 0o666))
	}
	must(t, os.Symlink("config.json", filepath.Join(model, "inside")))
	must(t, os.Symlink("nowhere", filepath.Join(model, "dangling")))
	if err := regular.NoLinksOut(model); err != nil {
		t.Error(err)
	}
	must(t, os.Symlink("../outside", filepath.Join(model, "a")))
	must(t, os.Symlink(dir, filepath.Join(model, "train", "b")))
	list, ok := regular.NoLinksOut(model).(fault.List)
	if !ok || len(list) != 2 || list[0].File != "a" || list[1].File != filepath.Join("train", "b") {
		t.Errorf("%v", list)
	}
	if found := regular.Outside(model, filepath.Join(model, "a")); !strings.HasSuffix(found, "outside") {
		t.Errorf("a is %q", found)
	}
	if found := regular.Outside(model, filepath.Join(model, "inside")); found != "" {
		t.Errorf("inside is %q", found)
	}
	// The user may name the folder itself by a link, but not a file.
	must(t, os.Symlink("model", filepath.Join(dir, "link")))
	if list, ok := regular.NoLinksOut(filepath.Join(dir, "link")).(fault.List); !ok || len(list) != 2 {
		t.Errorf("%v", list)
	}
	if err := regular.NoLinksOut(filepath.Join(model, "a")); err == nil {
		t.Error("a link to a file outside was taken")
	}
}

func Example() {
	// A pipe or a device in place of a file is refused at once: reading it might never end.
	_, err := regular.Read("/dev/zero", 1<<20)
	fmt.Println(err)
	// Output: is not a regular file
}
