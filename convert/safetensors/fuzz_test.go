package safetensors_test

import (
	"os"
	"path/filepath"
	"testing"

	"hf2olmo/convert/tensor"
)

// FuzzSafetensors: whatever is accepted lies inside the file, under names that occur once.
func FuzzSafetensors(f *testing.F) {
	for _, h := range headers {
		f.Add([]byte(h.text))
	}
	for _, name := range []string{"single/model.safetensors", "dtypes/model.safetensors", "fp8.safetensors"} {
		text, err := os.ReadFile(filepath.Join("../hf/testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		tensors, err := parse(string(text))
		if err != nil {
			return
		}
		for i := range tensors {
			if n := &tensors[i]; n.DType == tensor.Invalid || n.Offset < 8 || n.Bytes() < 0 ||
				n.Offset+n.Bytes() > int64(len(text)) {
				t.Errorf("%+v in %d bytes", n, len(text))
			}
			if i > 0 && tensors[i-1].Name >= tensors[i].Name {
				t.Errorf("%q after %q", tensors[i].Name, tensors[i-1].Name)
			}
		}
	})
}
