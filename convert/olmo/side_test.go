package olmo_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hf2olmo/convert/converttest"
	"hf2olmo/convert/folder"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/trainer"
)

// TestTokenizer: the chosen one goes before the model's own, which goes before the default.
func TestTokenizer(t *testing.T) {
	for _, c := range []struct {
		source trainer.TokenizerSource
		want   string
	}{
		{trainer.TokenizerSource{Chosen: "org/name", Own: true, Output: "/out"}, "org/name"},
		{trainer.TokenizerSource{Own: true, Output: "/out"}, "/out/tokenizer.json"},
		{trainer.TokenizerSource{Output: "/out"}, "gpt2"},
	} {
		use := olmo.Side{}.Tokenizer(c.source)
		if use.Name != c.want || !use.Strict || use.Config != "config.yaml" {
			t.Errorf("%+v: %+v, want %s", c.source, use, c.want)
		}
	}
}

// TestCompare changes one thing at a time in a checkpoint: it is a difference, or a warning.
func TestCompare(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(dir string)
		field   trainer.Difference // "" for none
		warning string             // in one of the warnings
		damage  string             // in one of the lines about damage
	}{
		"nothing": {},
		"config": {func(dir string) { converttest.Edit(t, dir+"/config.yaml", "n_layers: 2", "n_layers: 3") },
			trainer.Difference{File: "config.yaml", Field: "model.n_layers", Expected: "2", Found: "3"}, "",
			"n_layers should be 2"},
		"field gone": {func(dir string) { converttest.Edit(t, dir+"/config.yaml", "  n_layers: 2\n", "") },
			trainer.Difference{File: "config.yaml", Field: "model.n_layers", Expected: "2", Found: "missing"}, "",
			"n_layers should be 2"},
		"tokenizer": {func(dir string) {
			converttest.Edit(t, dir+"/config.yaml", "identifier: "+dir+"/tokenizer.json", "identifier: gpt2")
		},
			trainer.Difference{File: "config.yaml", Field: "tokenizer.identifier", Found: "gpt2"}, "", ""},
		"load_path": {func(dir string) { converttest.Edit(t, dir+"/config.yaml", "load_path: ", "load_path: /x") },
			trainer.Difference{}, "load_path in config.yaml is /x", ""},
		"unknown key": {func(dir string) { converttest.Edit(t, dir+"/config.yaml", "run_name", "rum_name") },
			trainer.Difference{}, "has the key rum_name", ""},
		"no train.pt": {func(dir string) { os.Remove(dir + "/train.pt") },
			trainer.Difference{File: "train.pt", Expected: "the state of a trainer at step 0", Found: "missing"}, "", ""},
		"shadow": {func(dir string) { os.WriteFile(dir+"/model.safetensors", nil, 0o666) },
			trainer.Difference{File: "model.safetensors", Expected: "no such file",
				Found: "a file that the trainer would read instead of model.pt"}, "", "model.safetensors is there"},
		"tokenizer.json": {func(dir string) { converttest.Edit(t, dir+"/tokenizer.json", "1.0", "1.1") },
			trainer.Difference{File: "tokenizer.json", Expected: "the model's own", Found: "different contents"}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			in, files := converttest.Checkpoint(t, "../../testdata/models/llama", "olmo")
			if c.change != nil {
				c.change(in.Folder)
			}
			found, err := olmo.Side{}.Compare(in, files, &trainer.Found{Folder: in.Folder})
			if err != nil {
				t.Fatal(err)
			}
			if c.field.Field == "tokenizer.identifier" {
				c.field.Expected = filepath.Join(in.Folder, "tokenizer.json")
			}
			var want []trainer.Difference
			if c.field.File != "" {
				want = []trainer.Difference{c.field}
			}
			if !slices.Equal(found.Differences, want) || found.Trained {
				t.Errorf("differences %+v, want %+v", found.Differences, want)
			}
			expectLine(t, "warnings", found.Warnings, c.warning)
			damage, _ := olmo.Side{}.Damage(in, files, &folder.Manifest{Output: in.Folder})
			expectLine(t, "damage", damage, c.damage)
		})
	}
}

// expectLine: one line that contains want, or none for "".
func expectLine(t *testing.T, what string, lines []string, want string) {
	t.Helper()
	if all := strings.Join(lines, "\n"); len(lines) > 1 || (want == "") != (all == "") || !strings.Contains(all, want) {
		t.Errorf("%s: %q, want %q", what, lines, want)
	}
}

// TestReadBack notices a file in which a tensor is called something else.
func TestReadBack(t *testing.T) {
	in, files := converttest.Checkpoint(t, "../../testdata/models/llama", "olmo")
	if err := (olmo.Side{}).ReadBack(in, files, in.Folder); err != nil {
		t.Fatal(err)
	}
	in.Tensors[0].Name += "x"
	err := olmo.Side{}.ReadBack(in, files, in.Folder)
	if err == nil || !strings.Contains(err.Error(), "was not read back as it was written") {
		t.Error(err)
	}
}
