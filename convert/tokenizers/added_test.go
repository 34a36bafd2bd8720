package tokenizers_test

import (
	"maps"
	"strings"
	"testing"

	"hf2olmo/convert/tokenizers"
)

func TestAdded(t *testing.T) {
	for text, want := range map[string]map[int64]string{
		`{"version": "1.0", "added_tokens": [{"id": 3, "content": "<end>", "special": true}],
			"model": {"type": "BPE", "vocab": {"a": 0, "é\"": 2, "no": 3}, "merges": []}}`: {3: "<end>"},
		`{"model": {"type": "Unigram", "vocab": [["<pad>", 0], ["b", -1.5], ["c", -2]]}, "added_tokens": []}`: {},
	} {
		got, err := tokenizers.Added(strings.NewReader(text), 2, 3, 9)
		if err != nil || !maps.Equal(got, want) {
			t.Errorf("%v, %v, want %v", got, err, want)
		}
	}
}
