package export_test

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hf2olmo/convert"
	"hf2olmo/convert/converttest"
	"hf2olmo/convert/export"
)

// TestNaN exports a checkpoint that contains NaN: it is refused, and nothing is left.
func TestNaN(t *testing.T) {
	model := filepath.Join(t.TempDir(), "model")
	if err := os.CopyFS(model, os.DirFS(filepath.Join(models, "olmo2"))); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(model, "model.safetensors")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	nan := math.Float32bits(float32(math.NaN()))
	for i := range 4 {
		data[len(data)-4+i] = byte(nan >> (8 * i))
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	result, err := converttest.Convert(context.Background(), model, convert.Options{Into: t.TempDir(), AllowNaN: true})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	_, err = write(result.Output, export.Options{Output: filepath.Join(dir, "out")})
	if err == nil || !strings.Contains(err.Error(), "model.pt: transformer.") ||
		!strings.Contains(err.Error(), ": contains NaN") {
		t.Error(err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

// TestTied exports a checkpoint whose config says that it has no output matrix of its own: that
// it has one is not passed over.
func TestTied(t *testing.T) {
	checkpoint := toNative(t, filepath.Join(models, "olmo2"))
	path := filepath.Join(checkpoint, "config.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte("weight_tying: false"), []byte("weight_tying: true"), 1)
	if err := os.WriteFile(path, text, 0o666); err != nil {
		t.Fatal(err)
	}
	_, err = write(checkpoint, export.Options{Output: filepath.Join(t.TempDir(), "out")})
	if err == nil || !strings.Contains(err.Error(), "transformer.ff_out.weight: is not a tensor of the model") {
		t.Error(err)
	}
}
