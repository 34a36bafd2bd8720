package native_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	fixtures "hf2olmo/testdata/sharded"
)

// TestCheckShapes compares every checkpoint with its own config, and with one of a wider model.
func TestCheckShapes(t *testing.T) {
	root := fixtures.Extract(t)
	dirs, _ := filepath.Glob(filepath.Join(root, "olmo", "*", "step3"))
	for _, dir := range dirs {
		if known, err := open(t, dir).CheckShapes(); !known || err != nil {
			t.Errorf("%s: %v, %v", dir, known, err)
		}
	}
	c := open(t, filepath.Join(root, "olmo", "t215-torch_legacy", "step3"))
	config := filepath.Join(c.Path, "config.yaml")
	text, err := os.ReadFile(config)
	must(t, err)
	must(t, os.WriteFile(config, []byte(strings.Replace(string(text), "mlp_hidden_size: 28", "mlp_hidden_size: 32", 1)),
		0o666))
	if known, err := c.CheckShapes(); !known || err == nil || !strings.Contains(err.Error(),
		"ff_proj.weight: has another shape than the config says: expected [32, 16], found [28, 16]") {
		t.Errorf("%v, %v", known, err)
	}
}
