package keymap_test

import (
	"fmt"
	"strings"
	"testing"

	"hf2olmo/keymap"
)

// TestTakes writes a config file that takes what only its writer knows.
func TestTakes(t *testing.T) {
	target, err := keymap.TargetNamed("olmo")
	if err != nil {
		t.Fatal(err)
	}
	var config []keymap.Setting
	for _, f := range target.Fields {
		config = append(config, keymap.Setting{Name: f.Name, Value: f.Default})
	}
	_, err = target.Document(config, nil)
	if err == nil || !strings.Contains(err.Error(), "the document takes run_name") {
		t.Errorf("nothing was given: %v", err)
	}
	values := map[string]any{
		"run_name": "r", "tokenizer": "t", "tokens": 70_000, "folder": "/f", "source": "s", "command": "c",
		"run": nil,
	}
	document, err := target.Document(config, values)
	if err != nil {
		t.Fatal(err)
	}
	for _, member := range document {
		switch text := fmt.Sprint(member.Value); member.Name {
		case "model":
			if !strings.HasPrefix(text, "[{d_model 768} {n_heads 12} {n_kv_heads <nil>}") {
				t.Error(text)
			}
		case "data":
			if !strings.HasPrefix(text, "[{memmap_dtype uint32}") {
				t.Error(text)
			}
		}
	}
	comment := target.Comments(values)["run_name"]
	if !strings.Contains(comment, "of s, written") || !strings.Contains(comment, "\n\n  c\n\n") {
		t.Error(comment)
	}
}
