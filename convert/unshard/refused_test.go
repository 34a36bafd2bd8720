package unshard_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hf2olmo/convert/native"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/unshard"
	fixtures "hf2olmo/testdata/sharded"
)

// TestRefuses says why a checkpoint is not unsharded, and leaves nothing behind.
func TestRefuses(t *testing.T) {
	root := fixtures.Extract(t)
	legacy := filepath.Join(root, "olmo", "t215-torch_legacy", "step3")
	for _, c := range []struct {
		name, dir string
		change    func(t *testing.T, dir string, o *unshard.Options)
		want      string
	}{
		{"OLMo-core's", filepath.Join(root, "core", "llama-fsdp3-lion"), nil, "is a checkpoint of OLMo-core's trainer"},
		{"unsharded", filepath.Join(root, "core", "olmo2-fsdp-names"), nil, "is unsharded already"},
		{"nothing", t.TempDir(), nil, "is not a checkpoint of either trainer"},
		{"float16 moments", legacy, func(t *testing.T, dir string, o *unshard.Options) { o.DType = tensor.Float16 },
			"second moments float16 cannot represent"},
		{"no config", legacy, func(t *testing.T, dir string, o *unshard.Options) {
			must(t, os.Remove(filepath.Join(dir, olmo.ConfigFile)))
		}, "config.yaml: does not exist"},
		{"no model in the config", legacy, func(t *testing.T, dir string, o *unshard.Options) {
			must(t, os.WriteFile(filepath.Join(dir, olmo.ConfigFile), []byte("seed: 1\n"), 0o666))
		}, "config.yaml: model: is missing"},
		{"a rank lost", legacy, func(t *testing.T, dir string, o *unshard.Options) {
			must(t, os.Remove(filepath.Join(dir,
				"rank1.pt")))
		}, "lacks the files of 1 of"},
		{"a replica damaged", filepath.Join(root, "olmo", "t215-noshard_legacy", "step3"), damageCopy,
			"differs from the same part in rank0.pt"},
		{"a record damaged", legacy, damageRecord, "the checksum of its record"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, o := filepath.Join(t.TempDir(), "step3"), options(t)
			must(t, os.CopyFS(dir, os.DirFS(c.dir)))
			if c.change != nil {
				c.change(t, dir, &o)
			}
			_, err := run(t, dir, o)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if left, _ := os.ReadDir(o.Into); len(left) > 0 {
				t.Errorf("%s was left", left[0].Name())
			}
		})
	}
}

// damageRecord changes a byte of a tensor.
func damageRecord(t *testing.T, dir string, _ *unshard.Options) {
	c, err := native.Open(context.Background(), dir)
	must(t, err)
	block := c.Model[0].Blocks[1].Data
	damage(t, block.File.Path, block.Offset)
}

// damageCopy changes a byte of what a second replica saved of a tensor.
func damageCopy(t *testing.T, dir string, _ *unshard.Options) {
	c, err := native.Open(context.Background(), dir)
	must(t, err)
	replica := c.Model[0].Copies[0].Data
	damage(t, replica.File.Path, replica.Offset)
}

func damage(t *testing.T, path string, at int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	defer f.Close()
	b := make([]byte, 1)
	_, err = f.ReadAt(b, at)
	must(t, err)
	b[0] ^= 1
	_, err = f.WriteAt(b, at)
	must(t, err)
}
