package olmocore_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hf2olmo/convert/converttest"
	"hf2olmo/convert/folder"
	"hf2olmo/convert/olmocore"
	"hf2olmo/convert/trainer"
)

// TestTokenizer: the chosen one goes before the model's own, which is copied into the checkpoint.
func TestTokenizer(t *testing.T) {
	for _, c := range []struct {
		source trainer.TokenizerSource
		want   string
	}{
		{trainer.TokenizerSource{Chosen: "org/name", Own: true, Output: "/out"}, "org/name"},
		{trainer.TokenizerSource{Own: true, Output: "/out"}, "/out"},
		{trainer.TokenizerSource{Output: "/out"}, ""},
	} {
		use := olmocore.Side{}.Tokenizer(c.source)
		if use.Name != c.want || use.Strict || use.Config != "config.json" {
			t.Errorf("%+v: %+v, want %q", c.source, use, c.want)
		}
	}
	if _, err := (olmocore.Side{}).TokenizerPath("/m/vocab.json"); err == nil {
		t.Error("a file that is not called tokenizer.json was accepted")
	}
}

// TestCompare changes one thing at a time in a checkpoint: it is a difference, or a warning;
// and it is damage to an output that would be written again.
func TestCompare(t *testing.T) {
	const config, index = "config.json", "model_and_optim/.metadata"
	for name, c := range map[string]struct {
		change  func(dir string)
		want    []trainer.Difference
		warning string
		damage  string
	}{
		"nothing": {},
		"config": {func(dir string) { converttest.Edit(t, filepath.Join(dir, config), `"n_layers": 2`, `"n_layers": 3`) },
			[]trainer.Difference{{File: config, Field: "model.n_layers", Expected: "2", Found: "3"}}, "",
			"config.json has different contents"},
		"not JSON": {func(dir string) { converttest.Edit(t, filepath.Join(dir, config), "{", "[") }, nil, "",
			"config.json has different contents"},
		"added": {func(dir string) { converttest.Edit(t, filepath.Join(dir, config), "{", `{"x": 1,`) }, nil,
			"config.json has the key x, which convert does not write", "config.json has different contents"},
		"index": {func(dir string) { converttest.Edit(t, filepath.Join(dir, index), "model", "mogel") },
			[]trainer.Difference{{File: index, Expected: "as convert writes it", Found: "different contents"}}, "",
			index + " has different contents"},
		"no index": {func(dir string) { os.Remove(filepath.Join(dir, index)) },
			[]trainer.Difference{{File: index, Expected: "as convert writes it", Found: "missing"}}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			in, files := converttest.Checkpoint(t, "../../testdata/models-olmo-core/qwen3-tied", "olmo-core")
			if c.change != nil {
				c.change(in.Folder)
			}
			found, err := olmocore.Side{}.Compare(in, files, &trainer.Found{Folder: in.Folder, Manifest: &folder.Manifest{}})
			if err != nil {
				t.Fatal(err)
			}
			if name == "not JSON" {
				if len(found.Differences) != 1 || !strings.HasPrefix(found.Differences[0].Found, "not an object of JSON: ") {
					t.Errorf("differences %+v", found.Differences)
				}
			} else if !slices.Equal(found.Differences, c.want) || found.Trained {
				t.Errorf("differences %+v, want %+v", found.Differences, c.want)
			}
			if all := strings.Join(found.Warnings, "\n"); (all == "") != (c.warning == "") || !strings.Contains(all, c.warning) {
				t.Errorf("warnings %q, want %q", all, c.warning)
			}
			damage, _ := olmocore.Side{}.Damage(in, files, nil)
			if all := strings.Join(damage, "\n"); (all == "") != (c.damage == "") || !strings.Contains(all, c.damage) {
				t.Errorf("damage %q, want %q", all, c.damage)
			}
		})
	}
}

// TestReadBack notices an index in which a tensor is called something else.
func TestReadBack(t *testing.T) {
	in, files := converttest.Checkpoint(t, "../../testdata/models-olmo-core/qwen3-tied", "olmo-core")
	if err := (olmocore.Side{}).ReadBack(in, files, in.Folder); err != nil {
		t.Fatal(err)
	}
	in.Tensors[0].Name += "x"
	err := olmocore.Side{}.ReadBack(in, files, in.Folder)
	if err == nil || !strings.Contains(err.Error(), "was not read back as it was written") {
		t.Error(err)
	}
}
