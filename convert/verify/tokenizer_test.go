package verify_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hf2olmo/convert"
	"hf2olmo/convert/converttest"
)

// TestVerifyTokenizerConfig: a conversion makes tokenizer_config.json so that tokenizer.json gives its ids.
// Of a model that a checkpoint was not converted from, neither order says that it has another.
func TestVerifyTokenizerConfig(t *testing.T) {
	source := filepath.Join(t.TempDir(), "llama")
	must(t, os.CopyFS(source, os.DirFS(filepath.Join(testdata, "models", "llama"))))
	settings := filepath.Join(source, "tokenizer_config.json")
	writeFile(t, settings, []byte(`{"tokenizer_class": "LlamaTokenizer", "eos_token": "</s>"}`))
	o := convert.Options{Target: "olmo-core", Into: t.TempDir()}
	converted, err := converttest.Convert(context.Background(), source, o)
	must(t, err)
	checkpoint := converted.Output
	other := filepath.Join(t.TempDir(), "other")
	must(t, os.CopyFS(other, os.DirFS(source)))
	for _, text := range []string{`{"eos_token": "</s>", "model_max_length": 99}`, "{}"} {
		writeFile(t, filepath.Join(other, "tokenizer_config.json"), []byte(text))
		for _, p := range []pair{{other, checkpoint}, {checkpoint, other}, {source, checkpoint}} {
			if said := compared(p); strings.Contains(said, "tokenizer") {
				t.Errorf("%v: %s", p, said)
			}
		}
	}
}
