package convert_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hf2olmo/convert"
	"hf2olmo/convert/converttest"
	"hf2olmo/keymap"
)

// TestHostileWords gives tables that make a small model a large one, or two tensors of it one.
func TestHostileWords(t *testing.T) {
	for name, c := range map[string]struct{ table, old, with, want string }{
		"zeros": {`
extends: olmo-core/llama
tensors:
  "{layer}.feed_forward.w1.weight": {zeros: true}
  "{layer}.feed_forward.w2.weight": {zeros: true}
  "{layer}.feed_forward.w3.weight": {zeros: true}
drop: {"model.layers.*": {}}
`, `"intermediate_size": 48`, `"intermediate_size": 16000000`, "the llama table fills in zeros: expected at most"},
		"one name": {`
extends: olmo-core/llama
prefixes: {model.layers.0.self_attn.: model.layers.1.self_attn.}
`, `"vocab_size"`, `"vocab_size"`, "is, without its prefix, called as model.layers."},
		"everything is left out": {`
extends: olmo-core/llama
drop: {"model.*": {}}
prefixes: {model.: other.}
`, `"vocab_size"`, `"vocab_size"`, "is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			model := copyModel(t, "llama")
			converttest.Edit(t, filepath.Join(model, "config.json"), c.old, c.with)
			table, err := keymap.Parse([]byte(c.table))
			if err != nil {
				t.Fatal(err)
			}
			out := filepath.Join(t.TempDir(), "out")
			_, err = convert.Prepare(t.Context(), model, convert.Options{Target: "olmo-core", Output: out, Keymap: table})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%.500v, want %q", err, c.want)
			}
			if _, err := os.Stat(out); err == nil {
				t.Error("something was written")
			}
		})
	}
}
