package folder_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"hf2olmo/convert/folder"
)

// older makes an output with a config c, a large file a and a file in a folder.
func older(t *testing.T, path string) {
	t.Helper()
	f := create(t, path, false)
	must(t, os.Mkdir(filepath.Join(f.Temp, "sub"), 0o777))
	for name, text := range map[string]string{"a": "large", "c": "config", "sub/a": "inner"} {
		must(t, f.WriteFile(name, []byte(text)))
	}
	info, err := os.Stat(filepath.Join(f.Temp, "a"))
	must(t, err)
	modified := info.ModTime()
	crc, err := folder.CRCFile(filepath.Join(f.Temp, "a"))
	must(t, err)
	large := folder.State{Name: "a", Size: 5, ModTime: &modified, Hash: "of the frame", CRC32: crc}
	outputs := []folder.State{large, state("c", "config"), state("sub/a", "inner")}
	must(t, f.WriteFile(folder.ManifestFile, manifest(t, outputs...)))
	commit(t, f)
}

// A surveyCase is a change to an output in dir, and a part of the message that refuses to replace it, "" if none does.
type surveyCase struct {
	change func(dir string) error
	want   string
}

// writeFile returns a change that writes a file.
func writeFile(name, text string) func(dir string) error {
	return func(dir string) error { return os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666) }
}

// surveyCases are the changes that TestSurvey makes.
func surveyCases() map[string]surveyCase {
	replaced := func(name string, by func(path string) error) func(dir string) error {
		return func(dir string) error {
			if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
				return err
			}
			return by(filepath.Join(dir, name))
		}
	}
	removed := func(name string) func(dir string) error {
		return func(dir string) error { return os.Remove(filepath.Join(dir, name)) }
	}
	spaces := strings.Repeat(" ", folder.MaxManifest)
	mkdir := func(path string) error { return os.Mkdir(path, 0o777) }
	pipe := func(path string) error { return syscall.Mkfifo(path, 0o666) }
	empty := func(path string) error { return os.WriteFile(path, nil, 0o666) }
	touched := func(dir string) error { return os.Chtimes(filepath.Join(dir, "a"), time.Time{}, time.Unix(1, 0)) }
	const noManifest = "contains a, c, hf2olmo.json, sub, which"
	const lie = `{"format": 2, "output_files": [{"name": "../x.mine", "size": 5}, {"name": "note"}]}`
	link := func(to string) func(path string) error {
		return func(path string) error { return os.Symlink(to, path) }
	}
	return map[string]surveyCase{
		"nothing":              {func(string) error { return nil }, ""},
		"config edited":        {writeFile("c", "edited"), ""},
		"config gone":          {removed("c"), ""},
		"file gone":            {removed("a"), ""},
		"lock left":            {writeFile(folder.LockFile, ""), ""},
		"time only":            {touched, ""},
		"hard link":            {func(dir string) error { return os.Link(filepath.Join(dir, "a"), dir+".mine") }, ""},
		"read-only":            {func(dir string) error { return os.Chmod(filepath.Join(dir, "a"), 0o400) }, ""},
		"note":                 {writeFile("note", ""), "contains note, which hf2olmo did not write"},
		"note in a folder":     {writeFile("sub/note", ""), "contains sub/note, which hf2olmo did not write"},
		"hidden note":          {writeFile(".note", ""), "contains .note, which"},
		"backup of one's own":  {writeFile("c.bak", ""), "contains c.bak, which"},
		"lock of one's own":    {writeFile(folder.LockFile, "mine"), "contains .lock, which"},
		"six notes":            {writeFile("n6", ""), "contains n1, n2, n3, n4, n5 and 1 more, which"},
		"other size":           {writeFile("a", "larger"), "a: has 6 bytes, but hf2olmo wrote 5"},
		"other small contents": {writeFile("sub/a", "INNER"), "sub/a: is not what hf2olmo wrote"},
		"other large contents": {writeFile("a", "LARGE"), "a: is not what hf2olmo wrote"},
		"folder for a file":    {replaced("a", mkdir), "a: is a folder, but hf2olmo wrote a file"},
		"link for a file":      {replaced("a", link("sub/a")), "a: is a link, but hf2olmo wrote a file"},
		"link for the config":  {replaced("c", link("a")), "c: is a link"},
		"pipe for a file":      {replaced("a", pipe), "a: is a pipe"},
		"file for a folder":    {replaced("sub", empty), "contains sub, which"},
		"link for a folder":    {replaced("sub", link("..")), "contains sub, which"},
		"link for manifest":    {replaced(folder.ManifestFile, link("a")), noManifest},
		"no manifest":          {removed(folder.ManifestFile), "contains a, c, sub, which"},
		"newer manifest":       {writeFile(folder.ManifestFile, `{"format": 3}`), "was written by a newer hf2olmo"},
		"other's manifest":     {writeFile(folder.ManifestFile, `{"format": "x"}`), noManifest},
		"huge manifest":        {writeFile(folder.ManifestFile, `{"format": 2}`+spaces), noManifest},
		"lying manifest":       {writeFile(folder.ManifestFile, lie), "contains a, c, sub, which"},
	}
}

// TestSurvey changes an output in one way and has it replaced: only what a conversion wrote is removed. If anything is
// refused, nothing is touched.
func TestSurvey(t *testing.T) {
	for name, test := range surveyCases() {
		path := filepath.Join(t.TempDir(), "x")
		older(t, path)
		if name == "six notes" {
			for _, n := range []string{"n1", "n2", "n3", "n4", "n5"} {
				must(t, writeFile(n, "")(path))
			}
		}
		must(t, test.change(path))
		before := list(t, path)
		f, err := folder.Create(context.Background(), place(path, true), nil)
		if test.want != "" {
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s: %v", name, err)
			}
			if after := list(t, path); after != before || list(t, filepath.Dir(path)) != "x" {
				t.Errorf("%s: contained %s, contains %s", name, before, after)
			}
			continue
		}
		must(t, err)
		must(t, f.WriteFile("c", []byte("new config")))
		writeManifest(t, f)
		commit(t, f)
		want := map[string]string{"config edited": "c c.bak " + folder.ManifestFile}[name]
		if got := list(t, path); got != want && (want != "" || got != "c "+folder.ManifestFile) {
			t.Errorf("%s: contains %s", name, got)
		}
	}
}

func writeManifest(t *testing.T, f *folder.Folder) {
	t.Helper()
	kept, err := f.Keep(context.Background())
	must(t, err)
	must(t, f.WriteFile(folder.ManifestFile, manifest(t, kept...)))
}

// TestEditedMeanwhile edits the config of the older output after it was kept: the output stays.
func TestEditedMeanwhile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	older(t, path)
	f := create(t, path, true)
	writeManifest(t, f)
	must(t, os.WriteFile(filepath.Join(path, "c"), []byte("edited now"), 0o666))
	err := f.Commit(context.Background())
	if err == nil || !strings.Contains(err.Error(), "changed while the new output was written") {
		t.Error(err)
	}
	must(t, f.Discard())
	beside := list(t, filepath.Dir(path))
	if got, err := os.ReadFile(filepath.Join(path, "c")); string(got) != "edited now" || err != nil || beside != "x" {
		t.Errorf("c contains %q, %v; beside: %s", got, err, beside)
	}
}

// TestKilledWhileRemoving: the next run removes what a killed one had not removed of a folder yet.
func TestKilledWhileRemoving(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	for n := range 6 {
		older(t, path)
		aside := filepath.Join(filepath.Dir(path), ".x.partial.12"+folder.AsideSuffix)
		must(t, os.Rename(path, aside))
		must(t, os.WriteFile(filepath.Join(aside, folder.LockFile), nil, 0o666))
		p := place(path, true)
		found, err := folder.Survey(p, aside)
		must(t, err)
		for _, name := range found[:n] {
			must(t, os.Remove(filepath.Join(aside, name)))
		}
		f := create(t, path, true)
		must(t, f.Discard())
		if left := list(t, filepath.Dir(path)); left != "" {
			t.Fatalf("after %d: left %s", n, left)
		}
	}
}
