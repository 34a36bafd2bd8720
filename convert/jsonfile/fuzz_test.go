package jsonfile_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"hf2olmo/convert/jsonfile"
)

// FuzzConfig: what is accepted is an object.
func FuzzConfig(f *testing.F) {
	for _, name := range []string{"single/config.json", "dtypes/config.json", "single/tokenizer_config.json"} {
		text, err := os.ReadFile(filepath.Join("../hf/testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"a": [{"b": -0, "c": 1E-400}, "\ud83d\ude00"]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		config, err := jsonfile.ReadObject(bytes.NewReader(text), jsonfile.ConfigLimits)
		if err != nil {
			jsonfile.Fault("c", bytes.NewReader(text), err)
		} else if config == nil {
			t.Error("no object")
		}
	})
}
