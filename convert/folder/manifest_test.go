package folder_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hf2olmo/convert/folder"
)

// TestChanges: what differs between two conversions is said in words, and nothing if none does.
func TestChanges(t *testing.T) {
	at := time.Unix(1, 0)
	later := at.Add(time.Second)
	base := folder.Manifest{Target: "olmo", Source: "/m", Options: folder.Choices{DType: "auto"},
		Sources: []folder.State{{Name: "a", Size: 1, ModTime: &at}}}
	for want, change := range map[string]func(m *folder.Manifest){
		"": func(m *folder.Manifest) { m.Options.AllowNaN = true },
		"converted for the trainer olmo (now: olmo-core)": func(m *folder.Manifest) { m.Target = "olmo-core" },
		"converted for the trainer olmo (now: transformers)": func(m *folder.Manifest) {
			m.Target, m.Options.MaxShard = "transformers", 5000000000
		},
		"converted from /m (now: /n)":                 func(m *folder.Manifest) { m.Source = "/n" },
		"converted with --dtype auto (now: float32)":  func(m *folder.Manifest) { m.Options.DType = "float32" },
		"converted with --tokenizer none (now: gpt2)": func(m *folder.Manifest) { m.Options.Tokenizer = "gpt2" },
		"converted with another --keymap":             func(m *folder.Manifest) { m.Options.Keymap = "x" },
		"a no longer exists":                          func(m *folder.Manifest) { m.Sources = nil },
		"a had 1 bytes (now: 2)": func(m *folder.Manifest) {
			m.Sources = []folder.State{{Name: "a", Size: 2, ModTime: &at}}
		},
		"a was modified since": func(m *folder.Manifest) {
			m.Sources = []folder.State{{Name: "a", Size: 1, ModTime: &later}}
		},
		"b was added": func(m *folder.Manifest) {
			m.Sources = append(slices.Clone(m.Sources), folder.State{Name: "b"})
		},
	} {
		now := base
		change(&now)
		if got := strings.Join(base.Changes(&now), "; "); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	strict, lax := base, base
	lax.Options.AllowNaN = true
	if got := lax.Changes(&strict); len(got) != 1 || got[0] != "converted with --allow-nan" {
		t.Errorf("%q", got)
	}
}

// TestDamage: files that are gone or differ are listed, except those that are skipped.
func TestDamage(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "a"), []byte("text"), 0o666))
	m := folder.Manifest{Outputs: []folder.State{
		{Name: "a", Size: 4}, {Name: "a", Size: 5}, {Name: "gone"}, {Name: "edited"}, {Name: "../outside"},
	}}
	got := m.Damage(dir, func(name string) bool { return name == "edited" })
	if want := []string{"a had 5 bytes (now: 4)", "gone no longer exists"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestVacant: a place is vacant if nothing is there, or an empty folder, unless a folder of another's has the temporary
// name.
func TestVacant(t *testing.T) {
	dir := t.TempDir()
	p := place(filepath.Join(dir, "x"), false)
	must(t, p.Vacant(t.Context()))
	temp := filepath.Join(dir, ".x.partial")
	must(t, os.Mkdir(temp, 0o777))
	must(t, p.Vacant(t.Context())) // as a run leaves it that is killed at once
	must(t, os.WriteFile(filepath.Join(temp, "note"), nil, 0o666))
	if err := p.Vacant(t.Context()); err == nil || !strings.Contains(err.Error(), "it contains note") {
		t.Error(err)
	}
	must(t, os.Remove(filepath.Join(temp, "note")))
	must(t, os.Mkdir(p.Path, 0o777))
	must(t, p.Vacant(t.Context()))
	must(t, os.WriteFile(filepath.Join(p.Path, "note"), nil, 0o666))
	if err := p.Vacant(t.Context()); err == nil || !strings.Contains(err.Error(), "already exists") {
		t.Error(err)
	}
}

// TestShellQuote: a quoted path is one word of a shell, and nothing for a terminal.
func TestShellQuote(t *testing.T) {
	for path, want := range map[string]string{
		"/plain/path-1.0": "/plain/path-1.0", "a b": "'a b'", "it's": `'it'\''s'`, "$x": "'$x'", "a\x1b[m": `$'a\x1b[m'`,
	} {
		if got := folder.ShellQuote(path); got != want {
			t.Errorf("%q: %s, want %s", path, got, want)
		}
	}
}

func Example() {
	dir, err := os.MkdirTemp("", "folder")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	place := &folder.Place{Path: filepath.Join(dir, "model"), Names: folder.Names{
		Ours: func(name string) bool { return name == "model.pt" },
	}}
	f, err := folder.Create(ctx, place, nil)
	if err != nil {
		panic(err)
	}
	defer f.Discard() // if it is not committed
	if err := f.WriteFile("model.pt", []byte("weights")); err != nil {
		panic(err)
	}
	_, err = os.Stat(place.Path)
	fmt.Println("before:", os.IsNotExist(err))
	if err := f.Commit(ctx); err != nil {
		panic(err)
	}
	text, err := os.ReadFile(filepath.Join(place.Path, "model.pt"))
	fmt.Println("after:", string(text), err)
	// Output:
	// before: true
	// after: weights <nil>
}
