package hf_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"sort"
	"testing"

	"hf2olmo/convert/hf"
	"hf2olmo/convert/tensor"
)

// expectations is testdata/expected.json, written by the real libraries.
type expectations struct {
	Tensors map[string]map[string][3]json.RawMessage
}

func expected(t *testing.T) (e expectations) {
	t.Helper()
	text, err := os.ReadFile("testdata/expected.json")
	if err == nil {
		err = json.Unmarshal(text, &e)
	}
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestTensors(t *testing.T) {
	for folder, want := range expected(t).Tensors {
		t.Run(folder, func(t *testing.T) {
			m, err := hf.Open(filepath.Join("testdata", folder))
			if err != nil {
				t.Fatal(err)
			}
			if len(m.Tensors) != len(want) {
				t.Errorf("%d tensors, want %d", len(m.Tensors), len(want))
			}
			if !sort.SliceIsSorted(m.Tensors, func(i, j int) bool { return m.Tensors[i].Name < m.Tensors[j].Name }) {
				t.Error("tensors are not sorted")
			}
			for i := range m.Tensors {
				compareTensor(t, &m.Tensors[i], want[m.Tensors[i].Name])
			}
			if len(m.Warnings) > 0 {
				t.Errorf("warnings: %q", m.Warnings)
			}
		})
	}
}

// compareTensor holds dtype, shape and the hash of the bytes against the libraries' own.
func compareTensor(t *testing.T, have *tensor.Tensor, want [3]json.RawMessage) {
	t.Helper()
	var dtype, hash string
	var shape []int64
	for i, into := range []any{&dtype, &shape, &hash} {
		if err := json.Unmarshal(want[i], into); err != nil {
			t.Fatalf("%s: %v", have.Name, err)
		}
	}
	if have.DType.String() != dtype || !reflect.DeepEqual(have.Shape, shape) {
		t.Errorf("%s: %v %v, want %s %v", have.Name, have.DType, have.Shape, dtype, shape)
	}
	if !have.Contiguous() {
		t.Fatalf("%s: not contiguous", have.Name)
	}
	f, err := os.Open(have.File.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data := make([]byte, have.Bytes())
	if _, err := f.ReadAt(data, have.Offset); len(data) > 0 && err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != hash {
		t.Errorf("%s: other bytes at offset %d", have.Name, have.Offset)
	}
}

func TestModel(t *testing.T) {
	m, err := hf.Open("testdata/sharded/")
	if err != nil {
		t.Fatal(err)
	}
	if m.Name != "sharded" || m.Index != "model.safetensors.index.json" || m.Repo != "" ||
		m.Tokenizer != nil || m.Source != "testdata/sharded/" {
		t.Errorf("%+v", m)
	}
	if len(m.Files) != 3 {
		t.Fatalf("files: %+v", m.Files)
	}
	last := m.Files[2]
	if last.Name != "model-00003-of-00003.safetensors" || last.Size != 368 || last.ModTime.IsZero() {
		t.Errorf("files: %+v", m.Files)
	}
	if m.Config["hidden_size"] != int64(8) || m.Config["rms_norm_eps"] != 1e-6 || m.Config["model_type"] != "llama" {
		t.Errorf("config: %v", m.Config)
	}
}

func TestConfigNumbers(t *testing.T) {
	m, err := hf.Open("testdata/dtypes/model.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"a": int64(1), "b": 1.0, "c": 1000.0, "d": int64(-7), "e": 9223372036854775808.0,
		"f": []any{true, nil, "x"}, "g": map[string]any{"h": 10000.5}}
	if !reflect.DeepEqual(m.Config, want) || m.Name != "dtypes" {
		t.Errorf("%s: %#v", m.Name, m.Config)
	}
}
