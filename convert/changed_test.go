package convert_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"hf2olmo/convert"
	"hf2olmo/convert/converttest"
	"hf2olmo/convert/output"
)

// copyModel copies a bundled model.
func copyModel(t *testing.T, name string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("../testdata/models", name))); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestChangedMeanwhile changes files while they are read, or the output's place while
// it is written: an error that names the file, and nothing left.
func TestChangedMeanwhile(t *testing.T) {
	const weights = "model.safetensors"
	edit := func(path string, at int64) error {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = f.WriteAt([]byte("changed"), at)
		return err
	}
	cases := map[string]struct {
		do   func(model, out string) error
		want string
	}{
		"cut": {func(m, _ string) error { return os.Truncate(filepath.Join(m, weights), 5000) },
			"model.safetensors: became shorter while it was read|model.safetensors: was changed while it was read"},
		"emptied": {func(m, _ string) error { return os.Truncate(filepath.Join(m, weights), 0) },
			"model.safetensors: became shorter while it was read|model.safetensors: was changed while it was read"},
		"appended": {func(m, _ string) error { return os.Truncate(filepath.Join(m, weights), 1<<20) },
			"model.safetensors: was changed while it was read"},
		"edited": {func(m, _ string) error { return edit(filepath.Join(m, weights), 9000) },
			"model.safetensors: was changed while it was read"},
		"out moved away": {func(_, o string) error { return os.Rename(o, o+"-2") }, "no such file or directory"},
		"out removed":    {func(_, o string) error { return os.RemoveAll(o) }, "no such file or directory"},
		"output made by one": {func(_, o string) error {
			return os.WriteFile(filepath.Join(o, "x-unsharded"), nil, 0o666)
		}, "x-unsharded: is in the way"},
		"output's folder": {func(_, o string) error { return os.MkdirAll(filepath.Join(o, "x-unsharded", "a"), 0o777) },
			"x-unsharded: already exists"},
	}
	for name, c := range cases {
		for _, atStop := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				model, out := copyModel(t, "llama"), filepath.Join(t.TempDir(), "out")
				if err := os.Mkdir(out, 0o777); err != nil {
					t.Fatal(err)
				}
				progress := &converttest.Meanwhile{AtStop: atStop, Do: func() {
					time.Sleep(5 * time.Millisecond) // no clock of a file system is finer than that
					if err := c.do(model, out); err != nil {
						t.Error(err)
					}
				}}
				_, err := converttest.Convert(context.Background(), model, convert.Options{Output: filepath.Join(out, "x"),
					Folder: output.Options{Progress: progress, Jobs: 1}})
				said := func(want string) bool { return strings.Contains(err.Error(), want) }
				if err == nil || !slices.ContainsFunc(strings.Split(c.want, "|"), said) {
					t.Errorf("%v, want %q in it", err, c.want)
				}
				if _, err := os.Stat(filepath.Join(out, ".x-unsharded.partial")); err == nil {
					t.Error("the temporary folder was left")
				}
				if _, err := os.Stat(filepath.Join(out, "x-unsharded/model.pt")); err == nil {
					t.Error("an output was left")
				}
			})
		}
	}
}

// TestReplacedBeforeWrite puts other files into the model's folder between the
// reading of the headers and the copying.
func TestReplacedBeforeWrite(t *testing.T) {
	for file, want := range map[string]string{
		"model.safetensors": "model.safetensors: was changed while it was read",
		"tokenizer.json":    "",
		"config.json":       "",
	} {
		model, out := copyModel(t, "llama"), t.TempDir()
		c, err := convert.Prepare(context.Background(), model, convert.Options{Output: filepath.Join(out, "x")})
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(model, file)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := unix.Mkfifo(path, 0o666); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() {
			_, err := c.Write(context.Background())
			done <- err
		}()
		select {
		case err := <-done:
			if err == nil {
				t.Errorf("%s became a pipe, and nothing was said (want %q)", file, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s became a pipe, and the conversion hangs", file)
		}
		if entries, _ := os.ReadDir(out); len(entries) > 0 {
			t.Errorf("%s: left %v", file, entries)
		}
	}
}
