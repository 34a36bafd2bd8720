package output_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/folder"
	"hf2olmo/convert/output"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

var names = folder.Names{
	Ours:    func(name string) bool { return name == "large" || name == "config" || name == "notes" },
	Configs: []string{"config"},
}

// a source of bytes, and a folder with a large file of them and two small ones.
func content(t *testing.T) *output.Content {
	t.Helper()
	path := filepath.Join(t.TempDir(), "weights")
	write(t, path, "0123456789abcdef")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	file := tensor.NewFile(path, "weights", info)
	sources := []tensor.Tensor{{Name: "w", DType: tensor.Float32, Shape: []int64{4}, File: file}}
	return &output.Content{
		Tensors: []assemble.Tensor{{Name: "w", Shape: []int64{4},
			Content: tensor.Content{DType: tensor.Float32, Parts: []*tensor.Tensor{&sources[0]}}}},
		Large: []assemble.File{{Name: "large", Size: 17,
			Runs:  []assemble.Run{{Place: torchfile.Extent{Offset: 1, Bytes: 16}}},
			Frame: func([]uint32) []torchfile.Piece { return []torchfile.Piece{{Data: []byte("<")}} }}},
		Small:   []output.Small{{Name: "config", Data: []byte("a: 1")}, {Name: "notes", Data: []byte("n")}},
		Sources: sources,
		Recipe: output.Recipe{Target: "olmo", Folder: filepath.Dir(path), Weights: []*tensor.File{file}, Plan: "plan",
			Choices: folder.Choices{DType: "auto"}},
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// run makes an output as a verb does.
func run(path string, o output.Options, c *output.Content) (made *output.Output, warnings []string, err error) {
	o.Names = names
	made, err = output.Open(context.Background(), path, o)
	if err != nil {
		return made, nil, err
	}
	if made.Existing != nil {
		warnings, err = made.CheckExisting(c)
	}
	if err != nil {
		return made, warnings, err
	}
	more, err := made.Write(context.Background(), c)
	return made, append(warnings, more...), err
}

// TestExisting makes an output and asks for it again, after one thing at a time was changed.
func TestExisting(t *testing.T) {
	for name, c := range map[string]struct {
		change func(t *testing.T, path string, c *output.Content)
		want   string // in the error, "" for an output that is unchanged
	}{
		"nothing": {func(*testing.T, string, *output.Content) {}, ""},
		"edited config": {func(t *testing.T, path string, _ *output.Content) {
			write(t, filepath.Join(path, "config"), "a: 2")
		}, ""},
		"another file": {func(t *testing.T, path string, _ *output.Content) {
			write(t, filepath.Join(path, "mine"), "")
		}, ""},
		"choice": {func(_ *testing.T, _ string, c *output.Content) { c.Recipe.Choices.DType = "float16" },
			"converted with --dtype auto (now: float16)"},
		"trainer": {func(_ *testing.T, _ string, c *output.Content) { c.Recipe.Target = "olmo-core" },
			"converted for the trainer olmo (now: olmo-core)"},
		"plan, same file": {func(_ *testing.T, _ string, c *output.Content) { c.Recipe.Plan = "other" }, ""},
		"plan": {func(_ *testing.T, _ string, c *output.Content) {
			c.Recipe.Plan, c.Tensors[0].Content.Add = "other", 1
		}, "converted with a table that has changed"},
		"small file": {func(t *testing.T, path string, _ *output.Content) {
			write(t, filepath.Join(path, "notes"), "nn")
		}, "notes had 1 bytes (now: 2)"},
		"large file": {func(t *testing.T, path string, _ *output.Content) {
			os.Truncate(filepath.Join(path, "large"), 3)
		}, "large had 17 bytes (now: 3)"},
		"source": {func(t *testing.T, _ string, c *output.Content) {
			write(t, c.Recipe.Weights[0].Path, "0123456789abcdeX")
		}, "weights has different contents"},
		"damage": {func(_ *testing.T, _ string, c *output.Content) {
			c.Damage = func(*folder.Manifest) ([]string, []string) { return []string{"config is damaged"}, nil }
		}, "was changed since it was made: config is damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			path, made := filepath.Join(t.TempDir(), "out"), content(t)
			o, warnings, err := run(path, output.Options{}, made)
			if err != nil || o.Unchanged || len(warnings) > 0 {
				t.Fatal(o, warnings, err)
			}
			if data, err := os.ReadFile(filepath.Join(path, "large")); string(data) != "<0123456789abcdef" {
				t.Fatalf("%q %v", data, err)
			}
			c.change(t, path, made)
			o, _, err = run(path, output.Options{}, made)
			switch {
			case c.want == "" && (err != nil || !o.Unchanged):
				t.Errorf("%v", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("%v, want %q in it", err, c.want)
			}
		})
	}
}

// TestForce replaces an output, and keeps a config that was edited.
func TestForce(t *testing.T) {
	path, c := filepath.Join(t.TempDir(), "out"), content(t)
	if _, _, err := run(path, output.Options{}, c); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(path, "config"), "mine")
	o, warnings, err := run(path, output.Options{Force: true}, c)
	if err != nil || o.Unchanged || len(warnings) != 1 || !strings.Contains(warnings[0], "config.bak") {
		t.Errorf("%q %v", warnings, err)
	}
	if data, err := os.ReadFile(filepath.Join(path, "config.bak")); string(data) != "mine" {
		t.Errorf("%q %v", data, err)
	}
}

// TestRefused has errors of all kinds; nothing is left behind.
func TestRefused(t *testing.T) {
	refused := errors.New("refused")
	for name, c := range map[string]struct {
		options output.Options
		change  func(c *output.Content)
		want    string
	}{
		"claimed": {output.Options{Claim: func(string) error { return refused }}, func(*output.Content) {}, "refused"},
		"values": {output.Options{},
			func(c *output.Content) { c.CheckValues = func(*assemble.Seen) error { return refused } }, "refused"},
		"read back": {output.Options{},
			func(c *output.Content) { c.ReadBack = func(string) error { return refused } }, "refused"},
		"space":  {output.Options{}, func(c *output.Content) { c.Large[0].Size = 1 << 60 }, "too little space"},
		"source": {output.Options{}, func(c *output.Content) { os.Remove(c.Sources[0].File.Path) }, "cannot be opened"},
	} {
		dir, made := t.TempDir(), content(t)
		c.change(made)
		_, _, err := run(filepath.Join(dir, "out"), c.options, made)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("%s: left %v %v", name, left, err)
		}
	}
	if _, err := output.Open(context.Background(), "/\xff", output.Options{}); err == nil {
		t.Error("a path that is not UTF-8 was accepted")
	}
}
