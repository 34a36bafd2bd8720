package tokenizers_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"hf2olmo/convert/tokenizers"
)

// TestParts: what two files say is compared, not how they say it.
func TestParts(t *testing.T) {
	const first = `{"version": "1.0", "padding": null, "added_tokens": [{"id": 3, "content": "<e>"}],
		"model": {"type": "BPE", "fuse_unk": false, "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}}`
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"the same": {`{"version":"1.0","model":{"type":"BPE","merges":[["a","b"]],"vocab":{"ab":2,"b":1,"a":0}},
			"added_tokens":[{"id":3,"content":"<e>"}]}`, nil},
		"an id": {`{"version":"1.0","model":{"type":"BPE","merges":[["a","b"]],"vocab":{"ab":1,"b":2,"a":0}},
			"added_tokens":[{"id":3,"content":"<e>"}]}`, []string{"model.vocab"}},
		"an added token, and padding": {`{"version":"1.0","padding":{},"model":{"type":"BPE","merges":["a b"],
			"vocab":{"a":0,"b":1,"ab":2}},"added_tokens":[{"id":3,"content":"<f>"}]}`, []string{"added_tokens", "padding"}},
		"merges": {`{"version":"1.0","model":{"type":"BPE","merges":[],"vocab":{"a":0,"b":1,"ab":2}},
			"added_tokens":[{"id":3,"content":"<e>"}]}`, []string{"model.merges"}},
	} {
		a, b := parts(t, first), parts(t, c.text)
		var differ []string
		all := maps.Clone(a)
		maps.Copy(all, b)
		for _, part := range slices.Sorted(maps.Keys(all)) {
			if a[part] != b[part] {
				differ = append(differ, part)
			}
		}
		if !slices.Equal(differ, c.want) {
			t.Errorf("%s: %q differ, want %q", name, differ, c.want)
		}
	}
	if _, err := tokenizers.Parts(write(t, `{"model": {"vocab": {`)); err == nil {
		t.Error("a file that is cut was read")
	}
}

func parts(t *testing.T, text string) map[string]uint64 {
	t.Helper()
	all, err := tokenizers.Parts(write(t, text))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), tokenizers.FileName)
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}
