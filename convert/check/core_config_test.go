package check_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"hf2olmo/convert"
	"hf2olmo/convert/check"
	"hf2olmo/convert/converttest"
)

// converted converts a model of the repository for OLMo-core.
func converted(t *testing.T, model string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "step0")
	_, err := converttest.Convert(context.Background(), filepath.Join(testdata, model),
		convert.Options{Target: "olmo-core", Output: dir})
	must(t, err)
	return dir
}

const items = "model_and_optim/__0_0.distcp"

// weight changes the elements of the last tensor of the model, in the item that contains it.
func weight(change func(data []byte)) damage {
	return func(t *testing.T, dir string) {
		path := filepath.Join(dir, items)
		data, err := os.ReadFile(path)
		must(t, err)
		at := bytes.LastIndex(data, []byte("archive/data/0"))
		at = bytes.LastIndex(data[:at], []byte("archive/data/0")) // before it is the local header
		change(data[(at+64+63)/64*64:])
		must(t, os.WriteFile(path, data, 0o644))
	}
}

// coreDamages are conversions for OLMo-core with something wrong. testdata/interop/test_core_check.py
// shows what OLMo-core does with the same.
var coreDamages = []damageCase{
	{"as converted", "", "", nil, "", check.Note, ""},
	{"what was read", "", "", nil, "read", check.Note, "every byte was read: 25 tensors in 1 file of "},
	{"a bit", "", "", weight(func(data []byte) { data[0] ^= 1 }), "checksum", check.Error,
		"loads the damaged bytes silently"},
	{"NaN", "", "", weight(func(data []byte) { copy(data, []byte{0, 0, 0xc0, 0x7f}) }), "nan", check.Error,
		"the loss is NaN"},
	{"infinity", "", "", weight(func(data []byte) { copy(data, []byte{0, 0, 0x80, 0x7f}) }), "infinite", check.Warning,
		"infinity"},
	{"unknown key", "", "", edit("config.json", `"d_model"`, `"x": 1, "d_model"`), "config-unknown-key", check.Error,
		"class 'TransformerConfig' has no attribute 'x'"},
	{"unknown key inside", "", "", edit("config.json", `"theta"`, `"x": 1, "theta"`), "config-unknown-key", check.Error,
		"class 'RoPEConfig' has no attribute 'x'"},
	{"more layers", "", "", edit("config.json", `"n_layers": 2`, `"n_layers": 3`), "tensor-missing", check.Error,
		"Missing key"},
	{"fewer layers", "", "", edit("config.json", `"n_layers": 2`, `"n_layers": 1`), "tensor-surplus", check.Error,
		"leaves it out silently"},
	{"another width", "", "", edit("config.json", `"hidden_size": 48`, `"hidden_size": 64`), "tensor-shape",
		check.Error, "Size mismatch"},
	{"another vocabulary", "", "", edit("config.json", `"vocab_size": 104`, `"vocab_size": 96`), "tensor-shape",
		check.Error, "Size mismatch"},
	{"heads", "", "", edit("config.json", `"n_heads": 4`, `"n_heads": 3`), "config-model", check.Error, "n_heads 3"},
	{"biases", "", "", edit("config.json", `"bias": false`, `"bias": true`), "tensor-missing", check.Error, "Missing key"},
	{"unknown block", "", "", edit("config.json", `"reordered_norm"`, `"normalized"`), "core-config", check.Note,
		"not compared"},
	{"no config.json", "", "", remove("config.json"), "core-config", check.Note, "cannot be read"},
	{"no index", "", "", remove(".metadata", "model_and_optim/.metadata"), "metadata-missing", check.Error,
		"trains from scratch"},
	{"no items", "", "", remove(items), "chunks", check.Error, "does not exist"},
	{"no tensors at all", "", "", remove("model_and_optim"), "chunks", check.Error, ""},
	{"only config.json", "", "", remove("model_and_optim", ".metadata"), "metadata-missing", check.Error,
		"OLMo-core finds no checkpoint"},
}

func TestCoreDamage(t *testing.T) {
	good := converted(t, "models/olmo2")
	for _, c := range coreDamages {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "step0")
			must(t, os.CopyFS(dir, os.DirFS(good)))
			if c.damage != nil {
				c.damage(t, dir)
			}
			report := run(t, dir)
			expect(t, report, c.code, c.severity, c.words)
			if report.Kind != check.CoreTrainer {
				t.Errorf("kind %s", report.Kind)
			}
		})
	}
}

// TestCoreModels checks conversions of all kinds of models: their configs are read back.
func TestCoreModels(t *testing.T) {
	models, err := filepath.Glob(filepath.Join(testdata, "models-olmo-core", "*"))
	must(t, err)
	for _, model := range models {
		name := filepath.Base(model)
		t.Run(name, func(t *testing.T) {
			report := run(t, converted(t, "models-olmo-core/"+name))
			for _, f := range report.Findings {
				if f.Severity == check.Error || f.Code == "core-config" {
					t.Errorf("%+v", f)
				}
			}
		})
	}
}

// TestCoreRun checks the folder above: OLMo-core itself takes the latest step.
func TestCoreRun(t *testing.T) {
	expect(t, run(t, filepath.Dir(converted(t, "models/olmo2"))), "run-folder", check.Warning,
		"OLMo-core loads the latest")
}
