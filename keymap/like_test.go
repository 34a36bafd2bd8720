package keymap_test

import (
	"strings"
	"testing"

	"hf2olmo/keymap"
)

// TestExportLike: where two classes compute the same, the model that was trained decides; what it says otherwise is
// refused.
func TestExportLike(t *testing.T) {
	target, err := keymap.TargetNamed("olmo")
	if err != nil {
		t.Fatal(err)
	}
	native := base()
	native["attention_layer_norm"], native["norm_after"] = false, false
	like := map[string]any{"model_type": "mistral", "hidden_size": int64(16), "intermediate_size": int64(24),
		"num_hidden_layers": int64(1), "num_attention_heads": int64(4), "num_key_value_heads": int64(2),
		"vocab_size": int64(96), "rms_norm_eps": 1e-6, "sliding_window": nil, "max_position_embeddings": int64(64),
		"rope_parameters":     map[string]any{"rope_type": "default", "rope_theta": 5e5},
		"tie_word_embeddings": false, "hidden_act": "silu"}
	facts := keymap.Facts{Tensors: 12}
	if export, refusals := target.Export(native, "float32", facts); export == nil || export.ModelType() != "llama" {
		t.Error(export, refusals)
	}
	export, refusals := keymap.ExportLike(target, native, like, "float32", facts)
	if export == nil || export.ModelType() != "mistral" {
		t.Error(export, refusals)
	}
	like["intermediate_size"], like["rope_parameters"] = int64(25), map[string]any{"rope_theta": 7.0}
	_, refusals = keymap.ExportLike(target, native, like, "float32", facts)
	if len(refusals) != 1 || !strings.Contains(refusals[0].Because, "rope_theta is 500000 (mistral: 7)") ||
		!strings.Contains(refusals[0].Because, "mlp_hidden_size is 48 (mistral: 50)") {
		t.Error(refusals)
	}
	like["model_type"] = "unheard_of"
	if _, refusals = keymap.ExportLike(target, native, like, "float32", facts); len(refusals) != 1 {
		t.Error(refusals)
	}
}

// TestDocumentLike: a model of transformers describes one of OLMo-core.
func TestDocumentLike(t *testing.T) {
	target, err := keymap.TargetNamed("olmo-core")
	if err != nil {
		t.Fatal(err)
	}
	like := map[string]any{"model_type": "qwen3", "hidden_size": int64(16), "intermediate_size": int64(24),
		"num_hidden_layers": int64(1), "num_attention_heads": int64(4), "num_key_value_heads": int64(2),
		"head_dim": int64(4), "vocab_size": int64(96), "eos_token_id": int64(1)}
	document, refusals := keymap.DocumentLike(target, like, keymap.Facts{Tensors: 14})
	model, _ := document["model"].(map[string]any)
	if len(refusals) > 0 || model["d_model"] == nil || model["n_layers"] == nil {
		t.Error(document, refusals)
	}
	like["model_type"] = "unheard_of"
	document, refusals = keymap.DocumentLike(target, like, keymap.Facts{Tensors: 14})
	if document != nil || len(refusals) != 1 {
		t.Error(document, refusals)
	}
}
