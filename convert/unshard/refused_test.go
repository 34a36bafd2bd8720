package unshard_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
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
		{"names of parameters swapped", filepath.Join(root, "core", "olmo2-fsdp-names"), swapNames,
			"param_groups[1]: has other params than param_names"},
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

// swapNames swaps two of the optimizer's param_names, and mends the checksum.
func swapNames(t *testing.T, dir string, o *unshard.Options) {
	o.DType = tensor.BFloat16 // or it would be unsharded already
	path := filepath.Join(dir, olmo.OptimizerFile)
	archive, err := zip.OpenReader(path)
	must(t, err)
	defer archive.Close()
	at, err := archive.File[0].DataOffset()
	must(t, err)
	text, err := os.ReadFile(path)
	must(t, err)
	record := text[at : at+int64(archive.File[0].UncompressedSize64)]
	was := binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(record))
	pickled := func(name string) string {
		name = "_fsdp_wrapped_module.transformer.blocks.0._fsdp_wrapped_module." + name
		return "X" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(name)))) + name
	}
	a, b := pickled("attn_norm.weight"), pickled("ff_norm.weight") // of the same shape
	copy(record, strings.NewReplacer(a, b, b, a).Replace(string(record)))
	is := binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(record))
	must(t, os.WriteFile(path, bytes.ReplaceAll(text, was, is), 0o666))
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
