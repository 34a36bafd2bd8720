package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/hostile/expected.txt anew")

const hostile = "../../testdata/hostile"

// TestHostile runs the program on every case of testdata/hostile: it is refused with the message in expected.txt, soon,
// in little memory, and nothing is left behind.
func TestHostile(t *testing.T) {
	entries, err := os.ReadDir(filepath.Join(hostile, "cases"))
	if err != nil || len(entries) < 200 {
		t.Fatalf("%d cases, %v", len(entries), err)
	}
	expected := filepath.Join(hostile, "expected.txt")
	text, err := os.ReadFile(expected)
	if err != nil && !*update {
		t.Fatal(err)
	}
	want := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, words, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		want[name] = words
	}
	good := goodFolders(t)
	got := make([]string, len(entries))
	t.Run("cases", func(t *testing.T) {
		for i, e := range entries {
			t.Run(e.Name(), func(t *testing.T) {
				t.Parallel()
				got[i] = tryHostile(t, filepath.Join(hostile, "cases", e.Name()), good)
				if got[i] != want[e.Name()] && !*update {
					t.Errorf("got  %s\nwant %s", got[i], want[e.Name()])
				}
			})
		}
	})
	if *update {
		var b strings.Builder
		for i, e := range entries {
			b.WriteString(e.Name() + ": " + got[i] + "\n")
		}
		must(t, os.WriteFile(expected, []byte(b.String()), 0o666))
	}
}

// goodFolders are conversions of the bundled model for both trainers.
func goodFolders(t *testing.T) []string {
	dir := t.TempDir()
	folders := []string{filepath.Join(dir, "good-unsharded"), filepath.Join(dir, "core")}
	for i, target := range []string{"olmo", "olmo-core"} {
		o := execute(t, "convert", "--target", target, "--output", folders[i], "../../testdata/models/llama")
		if o.status != 0 {
			t.Fatal(o.stderr)
		}
	}
	return folders
}

// tryHostile runs every command on one case, with every option at least once, and returns the first line of the refusal
// to convert it.
func tryHostile(t *testing.T, with string, good []string) string {
	dir := t.TempDir()
	model, out := filepath.Join(dir, "model"), filepath.Join(dir, "out")
	layOver(t, model, with)
	must(t, os.Mkdir(out, 0o777))
	o := execute(t, "convert", "--into", out, model)
	o.checkRefused(t, out)
	for _, args := range [][]string{
		{"convert", "--json", "--dry-run", "--dtype", "float16", "--allow-nan", "--no-follow", "--into", out, model},
		{"convert", "--target", "olmo-core", "--dry-run", "--jobs", "999999999", "--tokenizer", "gpt2", "--into", out, model},
		{"convert", "--json", "--quiet", "--dtype", "bfloat16", "--target", "olmo-core", "--force", "--output",
			filepath.Join(dir, "core"), model},
		{"inspect", "--stats", "--jobs", "999999999", model},
		{"inspect", "--json", model},
		{"check", "--full", "--json", model},
		{"verify", "--json", "--jobs", "999999999", model, good[0]},
		{"verify", "--no-follow", model, good[1]},
	} {
		execute(t, args...).checkEnded(t)
	}
	nothing(t, out)
	if weights, err := os.ReadFile(filepath.Join(with, "pytorch_model.bin")); err == nil {
		tryCheckpoint(t, filepath.Join(dir, "native-unsharded"), weights)
	}
	return o.firstFault()
}

// tryCheckpoint puts hostile weights into a converted folder.
func tryCheckpoint(t *testing.T, folder string, weights []byte) {
	source := "../../testdata/models/llama-bin"
	if o := execute(t, "convert", "--quiet", "--output", folder, source); o.status != 0 {
		t.Fatal(o.stderr)
	}
	must(t, os.WriteFile(filepath.Join(folder, "model.pt"), weights, 0o666))
	for _, args := range [][]string{
		{"check", "--full", folder}, {"inspect", "--stats", folder}, {"verify", source, folder},
	} {
		if o := execute(t, args...); o.status != 1 && args[0] != "inspect" {
			t.Errorf("%q: status %d\n%s", args, o.status, o.stdout)
		} else {
			o.checkEnded(t)
		}
	}
}
