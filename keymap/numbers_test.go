package keymap_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"hf2olmo/keymap"
)

// hostileNumbers are what a field of a config may be where a number is expected.
var hostileNumbers = []any{int64(0), int64(-1), 0.5, 1e40, 1e308, "NaN", ".nan", "48", math.NaN(), nil, true,
	[]any{}, map[string]any{}, int64(math.MaxInt64), int64(1) << 52}

// unclear is what no message says: an expression, an error of the language, and what overflowed.
var unclear = regexp.MustCompile(
	`\?\?|\bit\.|here\.|invalid operation|reflect|not a size|\+Inf[^:]|-9223372036854775808`,
)

// numbersIn calls do for every number of a config, and for what is put in its place.
func numbersIn(object map[string]any, at string, do func(at string)) {
	for _, name := range slices.Sorted(maps.Keys(object)) {
		switch was := object[name].(type) {
		case map[string]any:
			numbersIn(was, at+name+".", do)
		case json.Number:
			for _, hostile := range hostileNumbers {
				object[name] = hostile
				do(fmt.Sprintf("%s%s = %v", at, name, hostile))
			}
			object[name] = was
		}
	}
}

// wholes are the integers of a config as readers of JSON give them.
func wholes(v any) any {
	switch v := v.(type) {
	case map[string]any:
		object := map[string]any{}
		for name := range v {
			object[name] = wholes(v[name])
		}
		return object
	case []any:
		list := slices.Clone(v)
		for i := range list {
			list[i] = wholes(list[i])
		}
		return list
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		x, _ := v.Float64()
		return x
	}
	return v
}

// numberedModels have all numbers that tables read.
var numberedModels = []string{"models/olmo2", "models/hf_olmo", "models/mpt", "models-olmo-core/gemma3-vision",
	"models-olmo-core/granite", "models-olmo-core/olmo_hybrid", "models-olmo-core/llama-llama3",
	"models-olmo-core/olmo3-yarn-flat", "models-olmo-core/phi3-part", "models-olmo-core/qwen3_moe"}

// TestHostileNumbers puts each in the place of each number in the config.json of models, and of the config.json of
// OLMo-core that they become: what is refused is refused in words.
func TestHostileNumbers(t *testing.T) {
	facts := keymap.Facts{Tensors: 600, Tokenizer: map[string]any{"vocab_size": 90, "eos_token_id": 0, "pad_token_id": 1,
		"identifier": "x"}}
	seen := map[string]bool{}
	said := func(t *testing.T, at string, refusals []*keymap.Refusal) {
		for _, r := range refusals {
			if seen[r.Because] {
				continue
			}
			if seen[r.Because] = true; unclear.MatchString(r.Because) {
				t.Errorf("%s: %s", at, r.Because)
			}
		}
	}
	for _, model := range numberedModels {
		t.Run(filepath.Base(model), func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("../testdata", model, "config.json"))
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range keymap.Targets() {
				target, err := keymap.TargetNamed(name)
				if err != nil {
					t.Fatal(err)
				}
				table, err := keymap.For(target, decoded(t, text).(map[string]any))
				if err != nil {
					continue // of the other trainer
				}
				config := numbered(t, text)
				plan, refusals := table.Plan(target, wholes(config).(map[string]any), facts)
				if len(refusals) > 0 {
					continue // only the other trainer builds it
				}
				numbersIn(config, "", func(at string) {
					_, refusals := table.Plan(target, wholes(config).(map[string]any), facts)
					said(t, at, refusals)
				})
				if name != "olmo-core" {
					continue
				}
				written, err := plan.Document.JSON()
				if err != nil {
					t.Fatal(err)
				}
				document := numbered(t, written)
				document["train_module"] = map[string]any{"max_sequence_length": json.Number("64")}
				numbersIn(document, "", func(at string) {
					_, refusals := target.Export(wholes(document).(map[string]any), "float32", facts)
					said(t, at, refusals)
				})
			}
		})
	}
	if len(seen) < 200 {
		t.Errorf("only %d refusals", len(seen))
	}
}

func decoded(t *testing.T, text []byte) any { return wholes(numbered(t, text)) }

func numbered(t *testing.T, text []byte) map[string]any {
	t.Helper()
	var object map[string]any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&object); err != nil {
		t.Fatal(err)
	}
	return object
}

// TestWrongNumbers: what was found, and what was expected, of members of a config.json of OLMo-core.
func TestWrongNumbers(t *testing.T) {
	target, err := keymap.TargetNamed("olmo-core")
	if err != nil {
		t.Fatal(err)
	}
	like := map[string]any{"model_type": "olmo3", "hidden_size": int64(16), "intermediate_size": int64(24),
		"num_hidden_layers": int64(4), "num_attention_heads": int64(4), "vocab_size": int64(96), "eos_token_id": int64(1)}
	for _, c := range []struct {
		member string
		value  any
		want   string
	}{
		{"model.n_layers", int64(0), "describes a model without layers: n_layers is 0"},
		{"model.n_layers", 1e40, "model.n_layers is 1e+40: expected a whole number"},
		{"model.n_layers", "NaN", `model.n_layers is "NaN": expected a whole number`},
		{"model.block.attention.n_heads", int64(0), "n_heads 0, n_kv_heads 4, head_dim 0"},
		{"model.block.attention.n_heads", "4", `model.block.attention.n_heads is "4": expected a whole number`},
		{"model.block.attention.sliding_window.pattern", int64(4), "pattern is 4: expected a list"},
		{"train_module.max_sequence_length", 1e40, "train_module.max_sequence_length is 1e+40: expected a whole number"},
		{"train_module.max_sequence_length", int64(0), "train_module.max_sequence_length is 0: expected a whole number"},
		{"dataset.tokenizer.eos_token_id", 0.5, "dataset.tokenizer.eos_token_id is 0.5: expected a whole number"},
	} {
		document, refusals := keymap.DocumentLike(target, like, keymap.Facts{Tensors: 60})
		if len(refusals) > 0 {
			t.Fatal(refusals)
		}
		document["train_module"] = map[string]any{"max_sequence_length": 64}
		object, names := document, strings.Split(c.member, ".")
		for _, name := range names[:len(names)-1] {
			object = object[name].(map[string]any)
		}
		object[names[len(names)-1]] = c.value
		_, refusals = target.Export(document, "float32", keymap.Facts{Tensors: 60})
		if len(refusals) == 0 || !strings.Contains(refusals[0].Because, c.want) {
			t.Errorf("%s = %v: %v, want %s", c.member, c.value, refusals, c.want)
		}
	}
}
