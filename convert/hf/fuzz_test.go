package hf

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hf2olmo/convert/jsonfile"
)

// FuzzIndex: a plain name never leads out of the folder.
func FuzzIndex(f *testing.F) {
	for _, name := range []string{"sharded/model.safetensors.index.json", "bin-sharded/pytorch_model.bin.index.json"} {
		text, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"metadata": {"total_size": 1e400}, "weight_map": {"a": "../b", "a": 1}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		x, err := decodeIndex(bytes.NewReader(text))
		if err != nil {
			jsonfile.Fault("i", bytes.NewReader(text), err)
			return
		}
		for _, file := range x.files() {
			if clean, ok := local(file); ok && filepath.Join("d", file) != "d/"+clean {
				t.Errorf("%q leads elsewhere", file)
			}
		}
	})
}

func TestIndexAsPythonReadsIt(t *testing.T) {
	x, err := decodeIndex(strings.NewReader(`{"metadata": {"total_size": 8, "x": NaN}, "weight_map": {"a": "b", ` +
		`"a": "b"}, "metadata": {"x": NaN, "total_size": 8.0}, "weight_map": {"a": "b"}}`))
	if err != nil || x.total != 8 || len(x.shards) != 1 || x.shards["a"] != "b" {
		t.Error(x, err)
	}
	for _, text := range []string{`{"weight_map": {"a": "b", "a": "c"}}`,
		`{"weight_map": {"a": "b"}, "weight_map": {}}`, `{"weight_map": {}, "x": 1, "x": 2}`} {
		if _, err := decodeIndex(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(),
			"appears twice, with different values") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
