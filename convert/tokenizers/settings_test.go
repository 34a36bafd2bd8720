package tokenizers_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hf2olmo/convert/tokenizers"
)

// TestSettings: what makes transformers rebuild the tokenizer is taken out, the rest is as it was, in its
// order and with its numbers; special tokens are added by their ids, if no file names them.
func TestSettings(t *testing.T) {
	tokenizer := file(t, "../../testdata/models/llama/tokenizer.json")
	withPrefix := filepath.Join(t.TempDir(), "tokenizer.json")
	text := []byte(`{"model": {"vocab": {}}, "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": true}}`)
	if err := os.WriteFile(withPrefix, text, 0o666); err != nil {
		t.Fatal(err)
	}
	prefix := file(t, withPrefix)
	const plain, names = `"tokenizer_class": "PreTrainedTokenizerFast"`, `"model_input_names": ["input_ids"]`
	const own = `"clean_up_tokenization_spaces": true, "model_max_length": 1e30`
	for name, c := range map[string]struct {
		settings      tokenizers.Settings
		want, without []string // words of the text
		missing       []string
	}{
		"none": {tokenizers.Settings{Tokenizer: tokenizer, MaxLength: 7,
			IDs: map[string]int64{"eos": 0, "pad": 1, "bos": -1}},
			[]string{plain, `"eos_token": "<|endoftext|>"`, `"pad_token": "<|padding|>"`, `"attention_mask"`,
				`"model_max_length": 7`}, []string{"bos_token"}, nil},
		"no such id": {tokenizers.Settings{Tokenizer: tokenizer, IDs: map[string]int64{"eos": 5000}}, []string{plain},
			[]string{"eos_token"}, []string{"eos"}},
		"as it is": {tokenizers.Settings{Tokenizer: tokenizer, Given: []byte("{" + plain + "," + names + "," + own + "}")},
			[]string{"{" + plain + "," + names + "," + own + "}"}, nil, nil},
		"class": {tokenizers.Settings{Tokenizer: tokenizer, MaxLength: 7, IDs: map[string]int64{"eos": 0, "pad": 0},
			Given: []byte(`{"auto_map": {"AutoTokenizer": ["a", null]}, "eos_token": null, "tokenizer_class": "Mine",` +
				`"x": "\ud800", "add_prefix_space": true, ` + own + "}"), Specials: []byte(`{"pad_token": "a"}`)},
			[]string{plain, `"eos_token": null`, `"x": "\ud800"`, `"model_max_length": 1e30`},
			[]string{"auto_map", "add_prefix", "pad_token", "Mine"}, nil},
		"prefix space": {tokenizers.Settings{Tokenizer: prefix}, []string{plain, `"add_prefix_space": true`}, nil, nil},
	} {
		text, missing, err := c.settings.Text()
		if err != nil || !slices.Equal(missing, c.missing) {
			t.Error(name, missing, err)
		}
		for _, want := range c.want {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s: %s, want %s", name, text, want)
			}
		}
		for _, not := range c.without {
			if strings.Contains(string(text), not) {
				t.Errorf("%s: %s, with %s", name, text, not)
			}
		}
	}
	for _, broken := range []string{"[]", "{", `{"model_max_length": Infinity}`} {
		_, _, err := (&tokenizers.Settings{Tokenizer: tokenizer, Given: []byte(broken)}).Text()
		if err == nil || !strings.HasPrefix(err.Error(), "tokenizer_config.json: cannot be read: ") {
			t.Error(broken, err)
		}
	}
}

func file(t *testing.T, path string) *tokenizers.File {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return &tokenizers.File{Name: "tokenizer.json", Path: path, Size: info.Size()}
}
