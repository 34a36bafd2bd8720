package keymap_test

import (
	"reflect"
	"testing"

	"hf2olmo/keymap"
)

// TestStated sees through an object that the fields are in, and fills in what the class does.
func TestStated(t *testing.T) {
	config := map[string]any{"model_type": "gemma3", "eos_token_id": []any{int64(1), int64(106)}, "bos_token_id": int64(9),
		"layer_types": []any{int64(3)}, "text_config": map[string]any{"hidden_size": int64(16), "bos_token_id": int64(3),
			"eos_token_id": int64(1), "layer_types": []any{"full_attention"}, "sliding_window": nil}}
	want := map[string]any{"eos_token_id": []any{1, 106}, "bos_token_id": 3, "pad_token_id": 0, "hidden_size": 16,
		"max_position_embeddings": 131072, "query_pre_attn_scalar": 256.0, "layer_types": []any{"full_attention"}}
	stated := keymap.Stated(config)
	for name := range want {
		if !reflect.DeepEqual(stated[name], want[name]) {
			t.Errorf("%s is %v, want %v", name, stated[name], want[name])
		}
	}
	config["text_config"].(map[string]any)["eos_token_id"] = []any{int64(7)}
	if got := keymap.Stated(config)["eos_token_id"]; !reflect.DeepEqual(got, []any{7}) {
		t.Error(got)
	}
	unknown := keymap.Stated(map[string]any{"model_type": "unheard_of", "vocab_size": int64(5)})
	if unknown["vocab_size"] != 5 || unknown["hidden_size"] != nil {
		t.Error(unknown)
	}
}
