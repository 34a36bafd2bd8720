package native_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"hf2olmo/convert/native"
	"hf2olmo/testdata/sharded"
)

// TestRecordsOnce: each record of a file is known once, and by the name of a tensor in it, whatever the layout.
func TestRecordsOnce(t *testing.T) {
	root := sharded.Extract(t)
	dirs, err := filepath.Glob(filepath.Join(root, "olmo", "*", "step3"))
	core, err2 := filepath.Glob(filepath.Join(root, "core", "*"))
	if err != nil || err2 != nil || len(dirs) != 33 || len(core) != 5 {
		t.Fatal(len(dirs), len(core), err, err2)
	}
	for _, dir := range append(dirs, core...) {
		if _, err := os.Stat(dir); err != nil {
			t.Fatal(err)
		}
		c, err := native.Open(context.Background(), dir)
		if err != nil {
			t.Fatal(err)
		}
		named, all := 0, 0
		for _, file := range c.Files {
			for i, r := range file.Records {
				if i > 0 && r.Offset == file.Records[i-1].Offset {
					t.Errorf("%s: %s is in the records of %s twice", dir, r.Name, file.Name)
				}
				all++
				if r.Tensor != "" {
					named++
				}
			}
		}
		if named == 0 && all > 0 && c.Kind != native.OLMoCore { // whose tensors are in safetensors
			t.Errorf("%s: no record is named", dir)
		}
	}
}
