package export_test

import (
	"encoding/json"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"hf2olmo/convert/export"
)

// TestLikeInside: what a config.json says of a text model inside of another is seen as that of a bare one: the factor
// that is in the q norm, how many positions there are, and the tokens at which texts end, which the whole lists.
func TestLikeInside(t *testing.T) {
	like := likeModel(t, modelsCore+"/gemma3-vision", nil)
	config := readObject(t, like, "config.json")
	config["eos_token_id"] = []int{1, 3}
	text := config["text_config"].(map[string]any)
	for positions, given := range map[float64]any{300: 300, 131072: nil} { // which the class fills in
		if text["max_position_embeddings"] = given; given == nil {
			delete(text, "max_position_embeddings")
		}
		changed, err := json.Marshal(config)
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, string(changed), like, "config.json")
		result, err := write(toCore(t, like), export.Options{Output: filepath.Join(t.TempDir(), "out"), Like: like})
		if err != nil || result.Family != "gemma3_text" {
			t.Fatal(result, err)
		}
		got := readObject(t, result.Output, "config.json")
		for field, want := range map[string]any{"query_pre_attn_scalar": 9.0, "max_position_embeddings": positions,
			"eos_token_id": []any{1.0, 3.0}, "bos_token_id": 2.0} {
			if !reflect.DeepEqual(got[field], want) {
				t.Errorf("%s is %v, want %v", field, got[field], want)
			}
		}
		if said := strings.Join(result.Warnings, "\n"); strings.Contains(said, "max_position_embeddings") {
			t.Errorf("%q", said)
		}
		source := contents(t, modelTensors(t, like))
		for name, content := range contents(t, modelTensors(t, result.Output)) {
			if source["language_model."+name] != content {
				t.Errorf("%s: other contents", name)
			}
		}
	}
}
