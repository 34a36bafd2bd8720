package dcp

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hf2olmo/convert/pickle"
	"hf2olmo/convert/tensor"
)

func metadataOf(t *testing.T, value any) error {
	t.Helper()
	data, err := pickle.Marshal(value, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = ReadMetadata(bytes.NewReader(data), int64(len(data)))
	return err
}

// TestReadDamaged feeds every prefix of a good index, and every byte changed, to the
// reader: it must return, and a prefix must be an error.
func TestReadDamaged(t *testing.T) {
	good := read(t, "testdata/golden_metadata.bin")
	for n := range good {
		if _, err := ReadMetadata(bytes.NewReader(good[:n]), int64(n)); err == nil {
			t.Errorf("the first %d bytes were read", n)
		}
		for _, change := range []byte{0x00, 0x01, 0x7f, 0xff, ')', '.', '('} {
			bad := bytes.Clone(good)
			bad[n] ^= change
			ReadMetadata(bytes.NewReader(bad), int64(len(bad)))
		}
	}
	long := append(bytes.Clone(good), 0)
	if _, err := ReadMetadata(bytes.NewReader(long), int64(len(long))); err == nil {
		t.Error("a byte after the pickle was not noticed")
	}
}

func TestReadRefuses(t *testing.T) {
	place := func(file string) any {
		return object(classMetadata, "state_dict_metadata", pickle.Entries{}, "planner_data", pickle.Entries{},
			"storage_data", pickle.Entries{{Key: object(classIndex, "fqn", "w", "index", int64(0), "offset",
				size([]int64{0})),
				Value: object(classPlace, "relative_path", file, "offset", int64(0), "length", int64(9))}})
	}
	for name, c := range map[string]struct {
		value any
		want  string
	}{
		"a call":             {&pickle.Call{Function: "os.system", Args: pickle.Tuple{"true"}}, "os.system"},
		"a foreign class":    {object("builtins.object"), "builtins.object"},
		"another object":     {object(classTensor), "not the index"},
		"a string":           {"text", "not the index"},
		"no storage":         {object(classMetadata, "state_dict_metadata", pickle.Entries{}), "not the index"},
		"a path upwards":     {place("../../etc/passwd"), "outside the checkpoint's folder"},
		"a path from root":   {place("/etc/passwd"), "outside the checkpoint's folder"},
		"a path out and in":  {place("a/../../b"), "outside the checkpoint's folder"},
		"a path with a zero": {place("a\x00b"), "outside the checkpoint's folder"},
	} {
		if err := metadataOf(t, c.value); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if err := metadataOf(t, place("model_and_optim/__0_0.distcp")); err != nil {
		t.Error(err)
	}
}

// TestOpenDamaged writes the golden pair as a folder, and damages it.
func TestOpenDamaged(t *testing.T) {
	item, index := read(t, "testdata/golden_item.bin"), read(t, "testdata/golden_metadata.bin")
	write := func(item, index []byte) string {
		dir := t.TempDir()
		for name, data := range map[string][]byte{"__0_0.distcp": item, MetadataFile: index} {
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	checkpoint, err := Open(write(item, index))
	if err != nil || len(checkpoint.Parts) != 1 || checkpoint.Parts[0][0].DType != tensor.Float32 {
		t.Fatalf("%+v, %v", checkpoint, err)
	}
	halved := golden
	halved.Tensors = []Tensor{golden.Tensors[0]}
	halved.Tensors[0].Shape = []int64{4}
	short, err := written(&halved, "x")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		item, index []byte
		want        string
	}{
		"a short file":       {item[:600], index, "ends before an item"},
		"no item":            {bytes.Repeat([]byte("x"), 654), index, "__0_0.distcp"},
		"a larger tensor":    {item, short, "not covered by its chunks"},
		"an index of text":   {item, []byte("not a pickle"), MetadataFile},
		"an index cut short": {item, index[:500], MetadataFile},
	} {
		if _, err := Open(write(c.item, c.index)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, err := Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), ".metadata: does not exist") {
		t.Errorf("an empty folder: %v", err)
	}
}
