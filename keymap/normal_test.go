package keymap_test

import (
	"strings"
	"testing"

	"hf2olmo/keymap"
)

// coreModel is a config.json of OLMo-core's trainer: an Olmo 3 with two layers, and everything left out that may be.
func coreModel() (document, model, attention map[string]any) {
	norm := func() map[string]any {
		return map[string]any{"_CLASS_": "olmo_core.nn.layer_norm.LayerNormConfig", "name": "fused_rms", "bias": false}
	}
	attention = map[string]any{"_CLASS_": "olmo_core.nn.attention.AttentionConfig", "n_heads": 2, "bias": false,
		"qk_norm": norm(), "rope": map[string]any{"_CLASS_": "olmo_core.nn.rope.RoPEConfig"},
		"sliding_window": map[string]any{"_CLASS_": "olmo_core.nn.attention.SlidingWindowAttentionConfig",
			"pattern": []any{8, -1}}}
	model = map[string]any{"_CLASS_": "olmo_core.nn.transformer.config.TransformerConfig", "d_model": 8, "vocab_size": 30,
		"n_layers": 6, "lm_head": map[string]any{"_CLASS_": "olmo_core.nn.lm_head.LMHeadConfig", "layer_norm": norm(),
			"bias": false},
		"block": map[string]any{"_CLASS_": "olmo_core.nn.transformer.config.TransformerBlockConfig",
			"name": "reordered_norm", "attention": attention, "layer_norm": norm(), "feed_forward": map[string]any{
				"_CLASS_": "olmo_core.nn.feed_forward.FeedForwardConfig", "hidden_size": 16, "bias": false}}}
	return map[string]any{"model": model, "train_module": map[string]any{"max_sequence_length": 64}}, model, attention
}

// TestReadAsTheTrainerDoes: what a config.json leaves out and shifts is as OLMo-core takes it.
func TestReadAsTheTrainerDoes(t *testing.T) {
	document, _, _ := coreModel()
	got := exportCore(t, document, "")
	// the first and the last are forced to full attention, and the pattern begins after the first
	windows := "full_attention sliding_attention full_attention sliding_attention full_attention full_attention"
	for name, want := range map[string]any{"model_type": "olmo3", "sliding_window": 8, "rms_norm_eps": 1e-5,
		"rope_theta": 500000.0, "num_key_value_heads": 2, "max_position_embeddings": 64, "eos_token_id": nil,
		"tie_word_embeddings": false} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	var types []string
	for _, one := range got["layer_types"].([]any) {
		types = append(types, one.(string))
	}
	if strings.Join(types, " ") != windows {
		t.Error(types)
	}
	if _, there := got["head_dim"]; there {
		t.Error("head_dim is written, and follows from the others")
	}
}

// TestHostileCore: configs that no trainer writes are refused with the reason.
func TestHostileCore(t *testing.T) {
	for why, change := range map[string]func(model, attention map[string]any){
		"lm_head.bias is true (olmo3: false)": func(m, _ map[string]any) {
			delete(m["lm_head"].(map[string]any), "bias")
		},
		"sequence_mixer.later is 1 (olmo3: null)":  func(_, a map[string]any) { a["later"] = 1 },
		"integer divide by zero":                   func(_, a map[string]any) { window(a)["pattern"] = []any{} },
		"n_layers 4000: the weights files contain": func(m, _ map[string]any) { m["n_layers"] = 4000 },
		"describes a model without layers":         func(m, _ map[string]any) { m["n_layers"] = 0 },
		"the block of layer 0 is null":             func(m, _ map[string]any) { delete(m, "block") },
		"the block of layer 2 is 7": func(m, _ map[string]any) {
			m["block_overrides"] = map[string]any{"2": 7}
		},
		"block_overrides: one of them": func(m, _ map[string]any) {
			m["block_overrides"] = map[string]any{"-1": m["block"]}
		},
		"are larger than any model needs": func(m, _ map[string]any) {
			m["block"].(map[string]any)["name"] = strings.Repeat("a", 1<<20)
		},
		"experts of the kind fast": func(m, _ map[string]any) {
			block := m["block"].(map[string]any)
			delete(block, "feed_forward")
			block["name"], block["feed_forward_moe"] = "moe_reordered_norm", map[string]any{"name": "fast",
				"num_experts": 2, "hidden_size": 8, "router": map[string]any{"top_k": 1}}
		},
		"d_model": func(m, _ map[string]any) { m["d_model"] = "8" },
	} {
		document, model, attention := coreModel()
		change(model, attention)
		exportCore(t, document, why)
	}
}

func window(attention map[string]any) map[string]any {
	return attention["sliding_window"].(map[string]any)
}

// exportCore exports a model and returns its config.json, or checks why it is refused.
func exportCore(t *testing.T, document map[string]any, why string) map[string]any {
	t.Helper()
	target, err := keymap.TargetNamed("olmo-core")
	if err != nil {
		t.Fatal(err)
	}
	export, refusals := target.Export(document, "float32", keymap.Facts{Tensors: 69})
	if why != "" {
		var said []string
		for _, r := range refusals {
			said = append(said, r.Because)
		}
		if export != nil || !strings.Contains(strings.Join(said, "\n"), why) {
			t.Errorf("%q, want %q", said, why)
		}
		return nil
	}
	if export == nil {
		t.Fatal(refusals)
	}
	config := map[string]any{}
	for _, s := range export.Config {
		config[s.Name] = s.Value
	}
	return config
}
