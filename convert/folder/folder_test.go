package folder

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// place is where the tests' outputs are: their file a is a conversion's, and c a config.
func place(path string, force bool) *Place {
	return &Place{Path: path, Force: force, Names: Names{
		Ours:     func(name string) bool { return name == "a" || name == "c" || name == "sub/a" },
		Folders:  []string{"sub"},
		Configs:  []string{"c"},
		Unlisted: map[string]string{"t": "c"},
	}}
}

// create begins a folder at path, which must succeed.
func create(t *testing.T, path string, force bool) *Folder {
	t.Helper()
	f, err := Create(context.Background(), place(path, force), nil)
	must(t, err)
	return f
}

// write writes a, and the manifest that lists it.
func write(t *testing.T, f *Folder, text string) {
	t.Helper()
	must(t, f.WriteFile("a", []byte(text)))
	kept, err := f.Keep(context.Background())
	must(t, err)
	manifest, err := (&Manifest{Format: ManifestFormat, Target: "t", Outputs: append(kept, state("a", text))}).Text()
	must(t, err)
	must(t, f.WriteFile(ManifestFile, manifest))
}

// state is a file with this text, as a manifest has it.
func state(name, text string) State {
	sum := sha256.Sum256([]byte(text))
	return State{Name: name, Size: int64(len(text)), Hash: hex.EncodeToString(sum[:])}
}

// commit brings a folder to its place, which must succeed and leave nothing.
func commit(t *testing.T, f *Folder) {
	t.Helper()
	must(t, f.Commit(context.Background()))
	must(t, f.Left())
}

// holds fails the test unless the folder at path holds one file, a, with this text, its
// manifest, and the folder above nothing else.
func holds(t *testing.T, path, text string) {
	t.Helper()
	if got, err := os.ReadFile(filepath.Join(path, "a")); err != nil || string(got) != text {
		t.Errorf("%s/a holds %q, %v", path, got, err)
	}
	for dir, want := range map[string]string{path: "a " + ManifestFile, filepath.Dir(path): filepath.Base(path)} {
		if names := list(t, dir); names != want {
			t.Errorf("%s holds %s", dir, names)
		}
	}
}

func list(t *testing.T, dir string) string {
	entries, err := os.ReadDir(dir)
	must(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

// TestCommit writes a folder, replaces it, and replaces it as on a disk whose rename
// has no flags.
func TestCommit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	for i, text := range []string{"one", "two", "three"} {
		f := create(t, path, i > 0)
		write(t, f, text)
		if i == 2 {
			must(t, f.replaceInTwoSteps())
			must(t, os.Remove(filepath.Join(path, LockFile)))
			f.unlock()
			must(t, f.removeOlder(context.Background(), f.older))
		} else {
			commit(t, f)
		}
		holds(t, path, text)
	}
}

// TestKilledWhileReplacing leaves what a run leaves that is killed between the two
// renames of replaceInTwoSteps: the older output is put back, and then replaced.
func TestKilledWhileReplacing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	f := create(t, path, false)
	write(t, f, "older")
	commit(t, f)
	f = create(t, path, true)
	write(t, f, "half")
	lock, err := lockOlder(path)
	must(t, err)
	must(t, os.Rename(path, f.Temp+".99999"+replacedSuffix))
	lock.Close() // as the kernel does
	f.unlock()

	_, err = Create(context.Background(), place(path, false), nil)
	if err == nil || !strings.Contains(err.Error(), "already exists") {
		t.Errorf("without --force: %v", err)
	}
	holds(t, path, "older")
	f = create(t, path, true)
	write(t, f, "newer")
	commit(t, f)
	holds(t, path, "newer")
}

// TestKilledAfterReplacing leaves the older output beside the new one: it goes.
func TestKilledAfterReplacing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	f := create(t, path, false)
	write(t, f, "newer")
	commit(t, f)
	for _, suffix := range []string{".99998" + replacedSuffix, ".99999" + asideSuffix, ""} {
		dir := f.Temp + suffix
		must(t, os.Mkdir(dir, 0o777))
		must(t, os.WriteFile(filepath.Join(dir, LockFile), nil, 0o666))
		must(t, os.WriteFile(filepath.Join(dir, "a"), []byte("older"), 0o666))
		manifest, err := (&Manifest{Format: ManifestFormat, Outputs: []State{state("a", "older")}}).Text()
		must(t, err)
		must(t, os.WriteFile(filepath.Join(dir, ManifestFile), manifest, 0o666))
	}
	f = create(t, path, true)
	write(t, f, "newest")
	commit(t, f)
	holds(t, path, "newest")
}

// TestTidy: the lock of a run that was killed goes, that of one that lives stays.
func TestTidy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	f := create(t, path, false)
	write(t, f, "one")
	commit(t, f)
	must(t, os.WriteFile(filepath.Join(path, LockFile), nil, 0o666))
	Tidy(path)
	holds(t, path, "one")
	lock, err := lockFolder(path, true)
	must(t, err)
	defer lock.Close()
	Tidy(path)
	if list(t, path) != LockFile+" a "+ManifestFile {
		t.Errorf("holds %s", list(t, path))
	}
}

// TestPlantedFolder: what somebody else put in the temporary folder's place is
// neither followed nor cleared.
func TestPlantedFolder(t *testing.T) {
	dir := t.TempDir()
	path, home := filepath.Join(dir, "x"), filepath.Join(dir, "home")
	must(t, os.Mkdir(home, 0o777))
	must(t, os.WriteFile(filepath.Join(home, "thesis"), []byte("years"), 0o666))
	temp := filepath.Join(dir, ".x.partial")
	plant := map[string]func() error{
		"link":          func() error { return os.Symlink("home", temp) },
		"file":          func() error { return os.WriteFile(temp, nil, 0o666) },
		"dangling link": func() error { return os.Symlink("nothing", temp) },
	}
	if os.Geteuid() == 0 {
		plant["folder of another"] = func() error {
			if err := os.Mkdir(temp, 0o777); err != nil {
				return err
			}
			return os.Chown(temp, 12345, 12345)
		}
	}
	for name, put := range plant {
		must(t, put())
		_, err := Create(context.Background(), place(path, true), nil)
		if err == nil || !strings.Contains(err.Error(), "is in the way") {
			t.Errorf("%s: %v", name, err)
		}
		if list(t, home) != "thesis" {
			t.Fatalf("%s: %s is left at home", name, list(t, home))
		}
		must(t, os.Remove(temp))
	}
}

// TestDiscard takes back the folders above too.
func TestDiscard(t *testing.T) {
	dir := t.TempDir()
	f := create(t, filepath.Join(dir, "one", "two", "x"), false)
	must(t, f.WriteFile("a", []byte("half")))
	f.Discard()
	if list(t, dir) != "" {
		t.Errorf("left: %s", list(t, dir))
	}
}

// TestLayout reads the number of the layout, which folders had not from the start.
func TestLayout(t *testing.T) {
	for text, want := range map[string]int{`{"format": 1}`: 1, `{"format": 1, "layout": 2}`: 2} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, ManifestFile), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if m := ReadManifest(dir); m == nil || m.Layout != want {
			t.Errorf("%s: %+v, want layout %d", text, m, want)
		}
	}
}
