package keymap_test

import (
	"encoding/json"
	"path/filepath"
	"reflect"
	"testing"

	"hf2olmo/keymap"
)

// plainest are models that leave as another class than they came as: one that computes the same.
var plainest = map[string]string{"ernie4_5": "llama", "phi3": "mistral", "qwen2": "llama", "seed_oss": "llama",
	"helium": "llama", "internlm3": "llama", "iquestcoder": "llama", "mimo": "llama", "ministral3": "llama",
	"emu3": "llama", "got_ocr2": "llama", "moss_transcribe_diarize": "qwen3",
	"gemma3-vision": "gemma3_text", "qwen3_5": "qwen3_5_text"}

// TestExportCore: the config file that a table makes of each bundled model, read as a trainer's is, is that of a class
// of transformers from which the same config file is made.
func TestExportCore(t *testing.T) {
	target, err := keymap.TargetNamed("olmo-core")
	if err != nil {
		t.Fatal(err)
	}
	paths, _ := filepath.Glob("../testdata/models-olmo-core/*/config.json")
	if len(paths) < 10 {
		t.Fatal(paths)
	}
	for _, path := range paths {
		facts := keymap.Facts{Tokenizer: map[string]any{"eos_token_id": 0, "vocab_size": 90}, Tensors: 200}
		plan := planOf(t, target, readConfig(t, path), facts)
		export, refusals := target.Export(asRead(t, plan.Document), "float32", keymap.Facts{Tensors: len(plan.Tensors)})
		name := filepath.Base(filepath.Dir(path))
		if export == nil {
			for _, r := range refusals {
				t.Errorf("%s: %v", path, r)
			}
			continue
		}
		if want := plainest[name]; want != "" {
			if export.Family != want {
				t.Errorf("%s: %s, want %s", path, export.Family, want)
			}
			continue
		}
		if export.Family != plan.Family {
			t.Errorf("%s: %s", path, export.Family)
		}
		again := planOf(t, target, asRead(t, export.Config), facts)
		document, was := asRead(t, again.Document), asRead(t, plan.Document)
		if !reflect.DeepEqual(document, was) {
			t.Errorf("%s: %v\n%v", path, document, was)
		}
	}
}

func planOf(t *testing.T, target *keymap.Target, config map[string]any, facts keymap.Facts) *keymap.Plan {
	t.Helper()
	table, err := keymap.For(target, config)
	if err != nil {
		t.Fatal(err)
	}
	plan, refusals := table.Plan(target, config, facts)
	if plan == nil || len(refusals) > 0 {
		t.Fatal(refusals)
	}
	return plan
}

// asRead is what is read of an object that was written.
func asRead(t *testing.T, o keymap.Object) map[string]any {
	t.Helper()
	text, err := o.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var config map[string]any
	if err := json.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	return config
}
