package native_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hf2olmo/convert/native"
	"hf2olmo/convert/sharded"
	fixtures "hf2olmo/testdata/sharded"
)

// TestCompareCopies flips one bit in what a replica saved: in a DTensor, in a flat
// parameter, and in a whole copy.
func TestCompareCopies(t *testing.T) {
	root := filepath.Join(fixtures.Extract(t), "olmo")
	for _, name := range []string{"t215-hsdp_legacy", "t22-hsdp_local", "t215-noshard_legacy"} {
		c, err := native.Open(context.Background(), filepath.Join(root, name, "step3"))
		if err != nil {
			t.Fatal(err)
		}
		all := c.Tensors()
		compared := int64(0)
		add := func(n int64) { compared += n }
		if err := sharded.CompareCopies(context.Background(), all, 1, add); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if compared == 0 || compared != sharded.CopyBytes(all) {
			t.Errorf("%s: compared %d bytes of %d", name, compared, sharded.CopyBytes(all))
		}
		flipped := all[1].Copies[0].Data
		flip(t, flipped.File.Path, flipped.Offset)
		err = sharded.CompareCopies(context.Background(), all, 0, nil)
		if err == nil {
			t.Errorf("%s: a flipped bit was not found", name)
			continue
		}
		if text := err.Error(); !strings.HasPrefix(text, flipped.File.Name+": "+all[1].Name+": ") {
			t.Errorf("%s: %s", name, text)
		}
	}
}

// flip changes a byte of a file, and keeps the time of its last change.
func flip(t *testing.T, path string, at int64) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1)
	if _, err := f.ReadAt(b, at); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 1
	if _, err := f.WriteAt(b, at); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
}
