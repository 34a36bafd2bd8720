package convert_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/goccy/go-yaml"

	"hf2olmo/convert"
	"hf2olmo/convert/converttest"
	"hf2olmo/convert/output"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

const testdata = "../testdata"

// golden is what a native checkpoint must hold, as Python computed it from the same
// model with a mapping of its own (testdata/make.py), checked there against the real OLMo.
type golden struct {
	ModelConfig map[string]any `json:"model_config"`
	Tensors     map[string]struct {
		DType  string  `json:"dtype"`
		Shape  []int64 `json:"shape"`
		SHA256 string  `json:"sha256"`
	} `json:"tensors"`
}

// TestGolden converts every bundled model and compares every tensor, bit for bit,
// and every field of the model config.
func TestGolden(t *testing.T) {
	lists, err := filepath.Glob(filepath.Join(testdata, "golden", "*.json"))
	if err != nil || len(lists) < 15 {
		t.Fatalf("golden lists: %v, %v", lists, err)
	}
	for _, list := range lists {
		name := filepath.Base(list[:len(list)-len(".json")])
		t.Run(name, func(t *testing.T) {
			want := readGolden(t, list)
			result, err := converttest.Convert(context.Background(), filepath.Join(testdata, "models", name),
				convert.Options{Output: filepath.Join(t.TempDir(), name), Folder: output.Options{Jobs: 3}})
			if err != nil {
				t.Fatal(err)
			}
			compareTensors(t, filepath.Join(result.Output, "model.pt"), want)
			compareConfig(t, filepath.Join(result.Output, "config.yaml"), want)
		})
	}
}

func readGolden(t *testing.T, path string) golden {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	if len(g.Tensors) == 0 || len(g.ModelConfig) == 0 {
		t.Fatalf("%s is empty", path)
	}
	return g
}

func compareTensors(t *testing.T, path string, want golden) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tensors, err := torchfile.Open(f, &tensor.File{Path: path, Name: "model.pt", Size: int64(len(data))})
	if err != nil {
		t.Fatal(err)
	}
	if len(tensors) != len(want.Tensors) {
		t.Errorf("%d tensors, want %d", len(tensors), len(want.Tensors))
	}
	for _, got := range tensors {
		w, ok := want.Tensors[got.Name]
		if !ok {
			t.Errorf("%s: surplus", got.Name)
			continue
		}
		if got.DType.String() != w.DType || !slices.Equal(got.Shape, w.Shape) {
			t.Errorf("%s: %s %v, want %s %v", got.Name, got.DType, got.Shape, w.DType, w.Shape)
		}
		if !got.Contiguous() || got.Offset%64 != 0 {
			t.Errorf("%s: stride %v at %d", got.Name, got.Stride, got.Offset)
		}
		sum := sha256.Sum256(data[got.Offset : got.Offset+got.Bytes()])
		if hex.EncodeToString(sum[:]) != w.SHA256 {
			t.Errorf("%s: other bytes", got.Name)
		}
	}
}

func compareConfig(t *testing.T, path string, want golden) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Model map[string]any `yaml:"model"`
	}
	if err := yaml.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	for name, w := range want.ModelConfig {
		g, ok := got.Model[name]
		if !ok {
			t.Errorf("config.yaml: model.%s is missing, want %v", name, w)
			continue
		}
		if !sameValue(g, w) {
			t.Errorf("config.yaml: model.%s is %v, want %v", name, g, w)
		}
	}
}

func sameValue(a, b any) bool {
	x, xIsNumber := number(a)
	y, yIsNumber := number(b)
	if xIsNumber && yIsNumber {
		return x == y
	}
	return a == b
}

func number(v any) (float64, bool) {
	switch n := v.(type) {
	case uint64:
		return float64(n), true
	case int64:
		return float64(n), true
	case float64:
		return n, true
	}
	return 0, false
}
