package keymap

import (
	"fmt"
	"strings"
	"testing"
)

// TestInside reads fields that config.json has in one of its objects, and some that it does not.
func TestInside(t *testing.T) {
	target, err := TargetNamed("olmo-core")
	if err != nil {
		t.Fatal(err)
	}
	table, err := Parse([]byte(`
family: inner
extends: olmo-core/llama
match: config.model_type == "outer"
inside: text_config
fields:
  tie_word_embeddings: null
  config.tie_word_embeddings: bool = false
  other_config.rms_norm_eps: float = 0.5
  rms_norm_eps: null
harmless: [config.vision_config, known]
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		change func(config, text map[string]any)
		want   string
	}{
		{func(map[string]any, map[string]any) {}, "16 false 0.5 [text_config.strange text_config.tie_word_embeddings]"},
		{func(c, _ map[string]any) { c["tie_word_embeddings"] = true },
			"16 true 0.5 [text_config.strange text_config.tie_word_embeddings]"},
		{func(c, _ map[string]any) { c["other_config"] = map[string]any{"rms_norm_eps": 0.25, "more": 1} },
			"16 false 0.25 [other_config.more text_config.strange text_config.tie_word_embeddings]"},
		{func(c, _ map[string]any) { c["hidden_size"], c["vision_config"] = int64(99), map[string]any{"a": 1} },
			"16 false 0.5 [hidden_size text_config.strange text_config.tie_word_embeddings]"},
		{func(_, t map[string]any) { delete(t, "hidden_size") }, "text_config.hidden_size is missing: expected"},
		{func(_, t map[string]any) { t["hidden_size"] = "x" }, `text_config.hidden_size is "x": expected`},
		{func(_, t map[string]any) { t["quantization_config"] = map[string]any{} }, "quantized weights"},
		{func(c, _ map[string]any) { delete(c, "text_config") }, "text_config.hidden_size is missing"},
		{func(c, _ map[string]any) { c["text_config"] = []any{1} }, "text_config is [1]: expected an object"},
		{func(c, _ map[string]any) { c["other_config"] = 7 }, "other_config is 7: expected an object"},
	} {
		inner := map[string]any{"hidden_size": int64(16), "num_hidden_layers": int64(2), "num_attention_heads": int64(4),
			"intermediate_size": int64(48), "vocab_size": int64(104), "known": 1, "strange": 1, "tie_word_embeddings": true}
		config := map[string]any{"model_type": "outer", "text_config": inner}
		c.change(config, inner)
		plan, refusals := table.Plan(target, config, Facts{Tokenizer: map[string]any{"eos_token_id": 0}, Tensors: 100})
		var said []string
		for _, r := range refusals {
			said = append(said, r.Because)
		}
		got := strings.Join(said, "; ")
		if plan != nil && len(refusals) == 0 {
			values := map[string]any{}
			for _, s := range plan.Config {
				values[s.Name] = s.Value
			}
			got = fmt.Sprint(values["d_model"], values["tie_word_embeddings"], values["norm_eps"], plan.Unknown)
		}
		if !strings.Contains(got, c.want) || strings.Count(got, "is [1]") > 1 {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}

// TestWrongInside has two fields of one name, prefixes and patterns that are none.
func TestWrongInside(t *testing.T) {
	for text, want := range map[string]string{
		"inside: text_config\nfields: {config.hidden_size: int}":    "fields: hidden_size: there is another field",
		"prefixes: {model: \"\"}":                                   "prefixes: model: expected names of modules",
		"prefixes: {model.: x}":                                     "prefixes: model.: expected names of modules",
		"prefixes: {.: \"\"}":                                       "prefixes: .: expected names of modules",
		"prefixes: {model.: null}":                                  "prefixes: model.: expected names of modules",
		"drop: {\"*\": {}}":                                         "drop: *: expected the name of a module",
		"drop: {vision*: {}}":                                       "drop: vision*: expected the name of a module",
		"drop: {\"vision.{i}.*\": {}}":                              "drop: vision.{i}.*: expected the name of a module",
		"drop: {vision.*: {same_as: lm_head.weight}}":               "drop: vision.*: expected the name of a module",
		"drop: {vision.*: {rows: [1, 2]}}":                          "drop: vision.*: expected the name of a module",
		"drop: {lm_head.weight: {rows: [1, 2]}}":                    "drop: lm_head.weight: rows and same_as exclude",
		"prefixes: {" + strings.Repeat("a", 5000) + ".: \"\"}":      "at most",
		"prefixes:\n" + numbered("  a%d.: \"\"\n", maxRules+1):      "prefixes: 201 entries: at most 200",
		"fields:\n" + numbered("  text_config.a%d: int?\n", 201-20): "fields: 2",
	} {
		if _, err := Parse([]byte("family: x\nextends: olmo-core/llama\n" + text)); err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("%.80s: %v, want %q", text, err, want)
		}
	}
}

// TestBare cuts the longest prefix off, and only in front.
func TestBare(t *testing.T) {
	prefixes, err := parsePrefixes(nil)
	if err != nil || len(prefixes) != 0 {
		t.Fatal(prefixes, err)
	}
	table, err := TableNamed("olmo-core/gemma3")
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := table.Table()
	if err != nil {
		t.Fatal(err)
	}
	plan := &Plan{Prefixes: parsed.prefixes}
	for name, want := range map[string]string{
		"language_model.model.norm.weight": "model.norm.weight", "language_model.lm_head.weight": "lm_head.weight",
		"model.language_model.norm.weight": "model.norm.weight", "lm_head.weight": "lm_head.weight",
		"vision_tower.language_model.weight":   "vision_tower.language_model.weight",
		"language_model.language_model.weight": "language_model.weight", "": "",
	} {
		if got := plan.Bare(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
