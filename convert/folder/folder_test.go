package folder_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hf2olmo/convert/folder"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// place is the place of the tests' outputs: a, c and sub/a are a conversion's, and c is a config.
func place(path string, force bool) *folder.Place {
	return &folder.Place{Path: path, Force: force, Names: folder.Names{
		Ours:     func(name string) bool { return name == "a" || name == "c" || name == "sub/a" },
		Folders:  []string{"sub"},
		Configs:  []string{"c"},
		Unlisted: map[string]string{"t": "c"},
	}}
}

// create begins a folder at path, which must succeed.
func create(t *testing.T, path string, force bool) *folder.Folder {
	t.Helper()
	f, err := folder.Create(context.Background(), place(path, force), nil)
	must(t, err)
	return f
}

// write writes a, and the manifest that lists it.
func write(t *testing.T, f *folder.Folder, text string) {
	t.Helper()
	must(t, f.WriteFile("a", []byte(text)))
	kept, err := f.Keep(context.Background())
	must(t, err)
	must(t, f.WriteFile(folder.ManifestFile, manifest(t, append(kept, state("a", text))...)))
}

// manifest is the text of one that lists these files.
func manifest(t *testing.T, outputs ...folder.State) []byte {
	t.Helper()
	text, err := (&folder.Manifest{Format: folder.ManifestFormat, Target: "t", Outputs: outputs}).Text()
	must(t, err)
	return text
}

// state is a file with this text as in a manifest.
func state(name, text string) folder.State {
	sum := sha256.Sum256([]byte(text))
	return folder.State{Name: name, Size: int64(len(text)), Hash: hex.EncodeToString(sum[:])}
}

// commit commits a folder, which must succeed and leave nothing behind.
func commit(t *testing.T, f *folder.Folder) {
	t.Helper()
	must(t, f.Commit(context.Background()))
	must(t, f.Left())
}

// holds fails the test unless the folder at path contains one file, a, with this text, and its manifest, and the folder
// above nothing else.
func holds(t *testing.T, path, text string) {
	t.Helper()
	if got, err := os.ReadFile(filepath.Join(path, "a")); err != nil || string(got) != text {
		t.Errorf("%s/a contains %q, %v", path, got, err)
	}
	for dir, want := range map[string]string{path: "a " + folder.ManifestFile, filepath.Dir(path): filepath.Base(path)} {
		if names := list(t, dir); names != want {
			t.Errorf("%s contains %s", dir, names)
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

// TestCommit writes a folder, replaces it, and replaces it as on a file system that cannot exchange two folders.
func TestCommit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	for i, text := range []string{"one", "two", "three"} {
		f := create(t, path, i > 0)
		write(t, f, text)
		if i == 2 {
			must(t, folder.ReplaceInTwoSteps(f))
			must(t, os.Remove(filepath.Join(path, folder.LockFile)))
			folder.Unlock(f)
			must(t, folder.RemoveOlder(f))
		} else {
			commit(t, f)
		}
		holds(t, path, text)
	}
}

// TestKilledWhileReplacing leaves what a run leaves that is killed between the two renames of replaceInTwoSteps: the
// older output is put back, and then replaced.
func TestKilledWhileReplacing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	f := create(t, path, false)
	write(t, f, "older")
	commit(t, f)
	f = create(t, path, true)
	write(t, f, "half")
	lock, err := folder.LockOlder(path)
	must(t, err)
	must(t, os.Rename(path, f.Temp+".99999"+folder.ReplacedSuffix))
	lock.Close() // as the kernel does
	folder.Unlock(f)

	_, err = folder.Create(context.Background(), place(path, false), nil)
	if err == nil || !strings.Contains(err.Error(), "already exists") {
		t.Errorf("without --force: %v", err)
	}
	holds(t, path, "older")
	f = create(t, path, true)
	write(t, f, "newer")
	commit(t, f)
	holds(t, path, "newer")
}

// TestKilledAfterReplacing leaves the older output beside the new one: it is removed.
func TestKilledAfterReplacing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	f := create(t, path, false)
	write(t, f, "newer")
	commit(t, f)
	for _, suffix := range []string{".99998" + folder.ReplacedSuffix, ".99999" + folder.AsideSuffix, ""} {
		dir := f.Temp + suffix
		must(t, os.Mkdir(dir, 0o777))
		must(t, os.WriteFile(filepath.Join(dir, folder.LockFile), nil, 0o666))
		must(t, os.WriteFile(filepath.Join(dir, "a"), []byte("older"), 0o666))
		text := manifest(t, state("a", "older"))
		must(t, os.WriteFile(filepath.Join(dir, folder.ManifestFile), text, 0o666))
	}
	f = create(t, path, true)
	write(t, f, "newest")
	commit(t, f)
	holds(t, path, "newest")
}

// TestTidy: the lock of a killed run is removed, that of a live one stays.
func TestTidy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	f := create(t, path, false)
	write(t, f, "one")
	commit(t, f)
	must(t, os.WriteFile(filepath.Join(path, folder.LockFile), nil, 0o666))
	folder.Tidy(path)
	holds(t, path, "one")
	lock, err := folder.TakeLock(path)
	must(t, err)
	defer lock.Close()
	folder.Tidy(path)
	if list(t, path) != folder.LockFile+" a "+folder.ManifestFile {
		t.Errorf("contains %s", list(t, path))
	}
}

// TestPlantedFolder: what another user put in place of the temporary folder is neither followed nor cleared.
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
		_, err := folder.Create(context.Background(), place(path, true), nil)
		if err == nil || !strings.Contains(err.Error(), "is in the way") {
			t.Errorf("%s: %v", name, err)
		}
		if list(t, home) != "thesis" {
			t.Fatalf("%s: %s is left at home", name, list(t, home))
		}
		must(t, os.Remove(temp))
	}
}

// TestDiscard: the folders above that were created are removed too.
func TestDiscard(t *testing.T) {
	dir := t.TempDir()
	f := create(t, filepath.Join(dir, "one", "two", "x"), false)
	must(t, f.WriteFile("a", []byte("half")))
	f.Discard()
	if list(t, dir) != "" {
		t.Errorf("left: %s", list(t, dir))
	}
}

// TestLayout: manifests without the number of a layout have the first.
func TestLayout(t *testing.T) {
	for text, want := range map[string]int{`{"format": 1}`: 1, `{"format": 1, "layout": 2}`: 2} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, folder.ManifestFile), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if m := folder.ReadManifest(dir); m == nil || m.Layout != want {
			t.Errorf("%s: %+v, want layout %d", text, m, want)
		}
	}
}
