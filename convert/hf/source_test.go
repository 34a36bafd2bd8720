package hf_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hf2olmo/convert/hf"
)

const (
	commit  = "1f2e3d4c5b6a79880716253443526170f0e1d2c3"
	commit2 = "1f2e99995b6a79880716253443526170f0e1d2c3"
)

// cacheModel lays a model of testdata out as huggingface_hub does.
func cacheModel(t *testing.T, hub, folder, id, commit string) (repo string) {
	t.Helper()
	repo = filepath.Join(hub, "models--"+strings.ReplaceAll(id, "/", "--"))
	snapshot := filepath.Join(repo, "snapshots", commit)
	must(t, os.MkdirAll(snapshot, 0o755))
	entries, err := os.ReadDir(filepath.Join("testdata", folder))
	must(t, err)
	for _, e := range entries {
		write(t, filepath.Join(repo, "blobs", "blob-"+e.Name()), read(t, filepath.Join("testdata", folder, e.Name())))
		must(t, os.Symlink("../../blobs/blob-"+e.Name(), filepath.Join(snapshot, e.Name())))
	}
	return repo
}

// ownCache points every variable that huggingface_hub looks at to nothing, and HOME to dir.
func ownCache(t *testing.T, dir string) {
	t.Helper()
	for _, name := range []string{"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME",
		"TRANSFORMERS_CACHE"} {
		t.Setenv(name, "")
	}
	t.Setenv("HOME", dir)
}

// snapshotOf returns the commit of the snapshot that a model was found in.
func snapshotOf(t *testing.T, m *hf.Model) string {
	t.Helper()
	dir, err := filepath.Abs(m.Dir)
	must(t, err)
	dir, err = filepath.EvalSymlinks(dir)
	must(t, err)
	return filepath.Base(dir)
}

func TestCache(t *testing.T) {
	home := t.TempDir()
	ownCache(t, home)
	hub := filepath.Join(home, ".cache/huggingface/hub")
	repo := cacheModel(t, hub, "sharded", "allenai/OLMo-2-1B", commit)
	write(t, repo+"/refs/main", commit)
	write(t, repo+"/refs/pr/1", commit)
	cacheModel(t, hub, "single", "gpt2", commit)
	must(t, os.Symlink(repo+"/snapshots/"+commit, home+"/link"))
	t.Chdir(repo + "/snapshots/" + commit)
	for _, c := range []struct{ path, name string }{
		{"allenai/OLMo-2-1B", "OLMo-2-1B"},
		{"allenai/OLMo-2-1B@main", "OLMo-2-1B"},
		{"allenai/OLMo-2-1B@pr/1", "OLMo-2-1B"},
		{"allenai/OLMo-2-1B@" + commit, "OLMo-2-1B"},
		{"allenai/OLMo-2-1B@1f2e3", "OLMo-2-1B"},
		{"gpt2", "gpt2"},
		{repo, "OLMo-2-1B"},
		{repo + "/", "OLMo-2-1B"},
		{repo + "/snapshots", "OLMo-2-1B"},
		{repo + "/snapshots/" + commit, "OLMo-2-1B"},
		{repo + "/snapshots/" + commit + "/model.safetensors.index.json", "OLMo-2-1B"},
		{".", "OLMo-2-1B"},
		{"model.safetensors.index.json", "OLMo-2-1B"},
		{home + "/link", "link"},
	} {
		m, err := hf.Open(c.path)
		if err != nil {
			t.Errorf("%s: %v", c.path, err)
			continue
		}
		if m.Name != c.name || snapshotOf(t, m) != commit || m.Source != c.path || len(m.Tensors) != 12 {
			t.Errorf("%s: %q %q %q, %d tensors", c.path, m.Name, m.Repo, m.Dir, len(m.Tensors))
		}
	}
}

// lookedIn returns the cache that a model was not found in.
func lookedIn(t *testing.T) string {
	t.Helper()
	_, err := hf.Open("org/gone")
	if err == nil {
		t.Fatal("no error")
	}
	_, where, _ := strings.Cut(err.Error(), "(looked for ")
	where, found := strings.CutSuffix(where, "/models--org--gone)")
	if !found {
		t.Fatal(err)
	}
	return where
}

func TestCacheFolders(t *testing.T) {
	for _, c := range []struct{ variable, value, hub string }{
		{"HF_HUB_CACHE", "$HOME/a", "a"},
		{"HUGGINGFACE_HUB_CACHE", "~/b", "b"},
		{"HF_HOME", "${HOME}/c", "c/hub"},
		{"XDG_CACHE_HOME", "~/d", "d/huggingface/hub"},
		{"HF_HOME", "~/$NOT_SET_AT_ALL", "$NOT_SET_AT_ALL/hub"},
	} {
		home := t.TempDir()
		ownCache(t, home)
		t.Setenv(c.variable, c.value)
		if have := lookedIn(t); have != filepath.Join(home, c.hub) {
			t.Errorf("%s: %s", c.variable, have)
		}
	}
	ownCache(t, t.TempDir())
	for _, name := range []string{"XDG_CACHE_HOME", "HF_HOME", "HUGGINGFACE_HUB_CACHE", "HF_HUB_CACHE"} {
		t.Setenv(name, "/"+name) // each goes before those set so far
		if have := lookedIn(t); !strings.HasPrefix(have, "/"+name) {
			t.Errorf("%s is not heeded: %s", name, have)
		}
	}
}

// A repository may be copied under any name. NoFollow looks at what lies there, not at
// names: an archive may bring folders that are called like a cache's.
func TestRenamedRepository(t *testing.T) {
	hub := t.TempDir()
	repo := hub + "/copied"
	must(t, os.Rename(cacheModel(t, hub, "sharded", "org/name", commit), repo))
	write(t, repo+"/refs/main", commit+"\n")
	for _, path := range []string{repo, repo + "/snapshots", repo + "/snapshots/" + commit} {
		m, err := hf.Open(path, hf.NoFollow)
		must(t, err)
		if m.Name != "copied" || m.Repo != "" || len(m.Tensors) != 12 {
			t.Errorf("%s: %q %q, %d tensors", path, m.Name, m.Repo, len(m.Tensors))
		}
	}
	must(t, os.Rename(repo+"/blobs", hub+"/blobs"))
	must(t, os.Symlink("../blobs", repo+"/blobs"))
	if _, err := hf.Open(repo); err != nil {
		t.Errorf("blobs on another disk: %v", err)
	}
	expectLinkOut(t, repo)
	expectLinkOut(t, linkedSnapshot(t, hub))
}

// linkedSnapshot is a repository whose one snapshot is a link to a model elsewhere.
func linkedSnapshot(t *testing.T, hub string) string {
	t.Helper()
	repo := hub + "/models--org--linked"
	must(t, os.MkdirAll(repo+"/snapshots", 0o755))
	must(t, os.MkdirAll(repo+"/blobs", 0o755))
	must(t, os.Symlink(copyModel(t, "single"), repo+"/snapshots/"+commit))
	if _, err := hf.Open(repo); err != nil {
		t.Errorf("a linked snapshot: %v", err)
	}
	return repo
}

// What a link in refs leads to is never read, with NoFollow or without, and never printed.
func TestLinkedRefs(t *testing.T) {
	hub := t.TempDir()
	write(t, hub+"/secret/main", "TOPSECRET")
	repo := cacheModel(t, hub, "single", "org/name", commit)
	must(t, os.Mkdir(repo+"/refs", 0o755))
	must(t, os.Symlink("../../secret/main", repo+"/refs/main"))
	const linked = ": is a link, and is not followed: it should be a file that contains a commit\n  Download it: " +
		"`hf download org/name`.\n"
	expectFaults(t, repo, repo, "DIR/refs/main"+linked)
	must(t, os.Remove(repo+"/refs/main"))
	must(t, os.Remove(repo+"/refs"))
	must(t, os.Symlink("../secret", repo+"/refs"))
	expectFaults(t, repo, repo, "DIR/refs/main"+linked)
	must(t, os.Remove(repo+"/refs"))
	write(t, repo+"/refs/main", strings.Repeat("a", 200))
	expectFaults(t, repo, repo, "DIR/refs/main: is too long: it should contain a commit and nothing else\n  "+
		"Download it: `hf download org/name`.\n")
}

// Blobs may be links themselves, where a cache was moved to another disk.
func TestLinkedBlobs(t *testing.T) {
	repo := cacheModel(t, t.TempDir(), "sharded", "org/name", commit)
	must(t, os.Rename(repo+"/blobs", repo+"/elsewhere"))
	must(t, os.Mkdir(repo+"/blobs", 0o755))
	entries, err := os.ReadDir(repo + "/elsewhere")
	must(t, err)
	for _, e := range entries {
		must(t, os.Symlink(repo+"/elsewhere/"+e.Name(), repo+"/blobs/"+e.Name()))
	}
	m, err := hf.Open(repo)
	must(t, err)
	if m.Repo != "org/name" || m.Files[0].Name != shard1 {
		t.Errorf("%+v", m)
	}
	must(t, os.Remove(repo+"/elsewhere/blob-"+shard2))
	expectFaults(t, repo, repo, shard2+": is a link to ../../blobs/blob-"+shard2+", which does not exist\n"+
		"  Download it again: `hf download org/name "+shard2+" --revision "+commit+"`.\n")
}

func TestLocalPathWins(t *testing.T) {
	home := t.TempDir()
	ownCache(t, home)
	cacheModel(t, home+"/.cache/huggingface/hub", "sharded", "org/name", commit)
	must(t, os.CopyFS(home+"/org/name", os.DirFS("testdata/single")))
	t.Chdir(home)
	m, err := hf.Open("org/name")
	must(t, err)
	if m.Repo != "" || m.Dir != "org/name" || m.Name != "name" {
		t.Errorf("%+v", m)
	}
}
