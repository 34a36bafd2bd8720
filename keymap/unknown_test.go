package keymap_test

import (
	"fmt"
	"strings"
	"testing"

	"hf2olmo/keymap"
)

// TestUnknownTypes: a model that no table matches is refused with what to do about it.
func TestUnknownTypes(t *testing.T) {
	target, err := keymap.TargetNamed("olmo-core")
	if err != nil {
		t.Fatal(err)
	}
	text := map[string]any{"model_type": "llama"}
	for _, c := range []struct {
		config map[string]any
		want   string
	}{
		{map[string]any{"model_type": "Qwen3"}, `set "model_type" to "qwen3"`},
		{map[string]any{"model_type": "OLMo-2"}, `set "model_type" to "olmo2"`},
		{map[string]any{"model_type": "mine", "architectures": []any{"Olmo2ForCausalLM"}}, `set "model_type" to "olmo2"`},
		{map[string]any{"model_type": "llava", "text_config": text}, `it has model_type "llama". Save its language model`},
		{map[string]any{"model_type": "mine"}, "Supported: cwm, "},
		{map[string]any{}, "Add \"model_type\""},
	} {
		_, err := keymap.For(target, c.config)
		refusal, ok := err.(*keymap.Refusal)
		if !ok || !strings.Contains(refusal.Hint, c.want) {
			t.Errorf("%v: %+v, want %q", c.config, refusal, c.want)
		}
	}
}

// TestOneRefusalPerFault: a rope_theta that is not a whole number is refused once, by the rule of its name.
func TestOneRefusalPerFault(t *testing.T) {
	for family, changes := range map[string]map[string]any{
		"llama":       {"rope_theta": 1.5},
		"olmo3":       {"rope_parameters": map[string]any{"sliding_attention": map[string]any{"rope_theta": 1.5}}},
		"gemma3_text": {"rope_local_base_freq": 1.5, "query_pre_attn_scalar": 8, "head_dim": 8},
	} {
		target, err := keymap.TargetNamed("olmo-core")
		if err != nil {
			t.Fatal(err)
		}
		config := river()
		config["sliding_window"], config["model_type"] = 16, family
		if family == "llama" {
			config["sliding_window"] = nil
		}
		for name, value := range changes {
			config[name] = value
		}
		table, err := keymap.For(target, config)
		if err != nil {
			t.Fatal(err)
		}
		_, refusals := table.Plan(target, config, keymap.Facts{Tokenizer: map[string]any{"eos_token_id": 1}, Tensors: 25})
		if len(refusals) != 1 || !strings.Contains(refusals[0].Because, "rope_theta 1.5") {
			t.Errorf("%s: %v", family, fmt.Sprint(refusals))
		}
	}
}
