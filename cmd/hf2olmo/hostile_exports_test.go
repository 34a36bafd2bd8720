package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// hostileValues are numbers that would size something. Other values are tried in package middle.
var hostileValues = []string{"1000000000", "9223372036854775807", "0"}

// overflowed is what an expression of a table makes of numbers that it cannot compute with: no message shows it.
var overflowed = regexp.MustCompile(`invalid operation|reflect:|not a size|-9223372036854775808|Inf\b`)

// yamlFields and jsonFields are those of a checkpoint's config by which an export is planned.
var (
	yamlFields = []string{"n_layers", "d_model", "n_heads", "n_kv_heads", "mlp_hidden_size", "mlp_ratio",
		"block_group_size", "embedding_size", "vocab_size", "rope_theta", "layer_norm_eps", "eos_token_id",
		"max_sequence_length",
		"layer_norm_type", "weight_tying", "clip_qkv", "identifier"}
	jsonFields = []string{"n_layers", "d_model", "n_heads", "n_kv_heads", "head_dim", "hidden_size", "vocab_size",
		"theta",
		"eps", "name", "block", "attention", "layer_norm", "lm_head", "model", "eos_token_id", "identifier", "bias"}
)

// jsonEdits put members before a block's own, which ask for layers one by one.
var jsonEdits = map[string]string{
	"overrides":      `"block_overrides": {"999999999": {"name": "default"}, "-1": 3, "x": null},`,
	"many overrides": `"block_overrides": {"0": {` + strings.Repeat(`"a": {`, 200) + strings.Repeat("}", 200) + `}},`,
	"pattern":        `"block_pattern": ["a", "b", 3],`,
	"long pattern":   `"block_pattern": [` + strings.Repeat(`"a",`, 100_000) + `"a"],`,
	"empty pattern":  `"block_pattern": [],`,
	"windows": `"sliding_window": {"pattern": [` + strings.Repeat("1,", 90_000) +
		`1], "force_full_attention_on_first_layer": 7},`,
}

// TestHostileExports exports, verifies and carries over checkpoints whose config was edited to harm. What is refused is
// refused with a message, soon, in little memory, and nothing is left.
func TestHostileExports(t *testing.T) {
	good := goodFolders(t)
	edit := func(t *testing.T, folder, name string, change func(string) string) string {
		dir := filepath.Join(t.TempDir(), "x-unsharded")
		copyFiles(t, dir, folder)
		path := filepath.Join(dir, name)
		text, err := os.ReadFile(path)
		must(t, err)
		after := change(string(text))
		if after == string(text) {
			t.Skip("the config has no such field")
		}
		must(t, os.WriteFile(path, []byte(after), 0o666))
		return dir
	}
	for _, field := range yamlFields {
		t.Run("yaml "+field, func(t *testing.T) {
			t.Parallel()
			pattern := regexp.MustCompile(`(?m)^  ` + field + `: .*$`)
			for _, value := range hostileValues {
				tryExport(t, edit(t, good[0], "config.yaml", func(text string) string {
					return pattern.ReplaceAllString(text, "  "+field+": "+value)
				}), good[1])
			}
		})
	}
	for _, field := range jsonFields {
		t.Run("json "+field, func(t *testing.T) {
			t.Parallel()
			for _, value := range hostileValues {
				tryExport(t, edit(t, good[1], "config.json", func(text string) string {
					return strings.ReplaceAll(text, `"`+field+`":`, `"`+field+`": `+value+`, "was":`)
				}), good[0])
			}
		})
	}
	for name, members := range jsonEdits {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, before := range []string{`"block":`, `"attention":`, `"n_heads":`} {
				tryExport(t, edit(t, good[1], "config.json", func(text string) string {
					return strings.Replace(text, before, members+before, 1)
				}), good[0])
			}
		})
	}
}

// tryExport runs the commands that turn a checkpoint's config around.
func tryExport(t *testing.T, folder, other string) {
	t.Helper()
	out := t.TempDir()
	o := execute(t, "export", "--quiet", "--into", out, folder)
	o.checkEnded(t)
	if shown := overflowed.FindString(o.stderr); shown != "" {
		t.Errorf("%q in %s", shown, o.stderr)
	}
	if o.status != 0 {
		nothing(t, out)
	}
	execute(t, "verify", "--json", other, folder).checkEnded(t)
}
