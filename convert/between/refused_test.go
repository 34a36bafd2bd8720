package between_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hf2olmo/convert"
	"hf2olmo/convert/between"
	"hf2olmo/convert/converttest"
	"hf2olmo/convert/dcp"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/tensor"
	fixtures "hf2olmo/testdata/sharded"
)

// TestRefused has what the other trainer has no place for. Nothing is left behind.
func TestRefused(t *testing.T) {
	core := filepath.Join(fixtures.Extract(t), "core")
	qwen, err := converttest.Convert(context.Background(), "../../testdata/models-olmo-core/qwen3",
		convert.Options{Target: "olmo-core", Into: t.TempDir()})
	must(t, err)
	const w = "blocks.0.attention.w_"
	for _, c := range []struct {
		name, source string
		options      between.Options
		change       func(dir string)
		want         string
	}{
		{"Lion", filepath.Join(core, "llama-fsdp3-lion"), between.Options{Target: "olmo"}, nil,
			"has the state of another optimizer than AdamW"},
		{"float16", filepath.Join(core, "olmo2-ddp2-skip"), between.Options{Target: "olmo", DType: tensor.Float16}, nil,
			"second moments float16 cannot represent"},
		{"family", qwen.Output, between.Options{Target: "olmo"}, nil,
			"is a model of the family qwen3, for which there is no table of olmo"},
		{"no checkpoint", t.TempDir(), between.Options{Target: "olmo"}, nil, "is not a checkpoint of either trainer"},
		{"lr", "", between.Options{Target: "olmo"}, func(dir string) {
			patch(t, dir, "optim.param_groups."+w+"out.weight.initial_lr", float(0.001), float(0.002))
		}, "has another lr, betas or eps than transformer.wte.weight: allenai/OLMo has one for all parameters"},
		{"weight decay of one", "", between.Options{Target: "olmo"}, func(dir string) {
			patch(t, dir, "optim.param_groups."+w+"out.weight.weight_decay", float(0.1), float(0.2))
		}, "has another weight decay than other matrices: allenai/OLMo has one for all"},
		{"weight decay of embeddings", "", between.Options{Target: "olmo"}, func(dir string) {
			patch(t, dir, "optim.param_groups.embeddings.weight.weight_decay", float(0), float(0.2))
		}, "embeddings: have a weight decay of their own"},
		{"settings of what is fused", "", between.Options{Target: "olmo"}, func(dir string) {
			patch(t, dir, "optim.param_groups."+w+"k.weight.weight_decay", float(0.1), float(0))
		}, w + "k.weight: is fused with " + w + "q.weight, for which the optimizer has other settings"},
		{"steps of what is fused", "", between.Options{Target: "olmo"}, func(dir string) {
			patch(t, dir, "optim.state."+w+"v.weight.step", step(3), step(4))
		}, w + "v.weight: is fused with " + w + "q.weight, with which the optimizer has made another number of steps"},
		{"amsgrad", "", between.Options{Target: "olmo"}, func(dir string) {
			patch(t, dir, "optim.param_groups."+w+"q.weight.amsgrad", []byte("\x80\x02\x89."), []byte("\x80\x02\x88."))
		}, "has amsgrad, which the other trainer's AdamW does not have"},
		{"no state of the run", "", between.Options{Target: "olmo"}, func(dir string) {
			must(t, os.RemoveAll(filepath.Join(dir, "train")))
		}, "train/rank0.pt: is missing: it says how far the run has come"},
	} {
		source, o := c.source, c.options
		if source == "" {
			source = filepath.Join(t.TempDir(), "step3")
			must(t, os.CopyFS(source, os.DirFS(filepath.Join(core, "olmo2-tp2fsdp2-adamw"))))
		}
		if c.change != nil {
			c.change(source)
		}
		o.Into = t.TempDir()
		_, err := between.Prepare(context.Background(), source, o)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q in it", c.name, err, c.want)
		}
		if left, _ := os.ReadDir(o.Into); len(left) > 0 {
			t.Errorf("%s: %s was left", c.name, left[0].Name())
		}
	}
}

// float is a float as a pickle has it.
func float(v float64) []byte { return binary.BigEndian.AppendUint64([]byte{'G'}, math.Float64bits(v)) }

// step is a number of steps as a tensor has it.
func step(n float32) []byte { return binary.LittleEndian.AppendUint32(nil, math.Float32bits(n)) }

// patch replaces bytes of one record in the item of an entry, and mends its checksum.
func patch(t *testing.T, dir, entry string, old, with []byte) {
	t.Helper()
	dir = filepath.Join(dir, "model_and_optim")
	index, err := dcp.OpenIndex(dir)
	must(t, err)
	var at dcp.Blob
	for _, b := range index.Blobs {
		if b.Name == entry {
			at = b
		}
	}
	for _, e := range index.Tensors {
		if e.Name == entry {
			at = dcp.Blob{File: e.Chunks[0].File, Offset: e.Chunks[0].Offset, Bytes: e.Chunks[0].Bytes}
		}
	}
	path := filepath.Join(dir, at.File)
	file, err := os.ReadFile(path)
	must(t, err)
	item := file[at.Offset : at.Offset+at.Bytes]
	from := bytes.Index(item, old)
	if at.Bytes == 0 || from < 0 {
		t.Fatalf("%s does not contain %q", entry, old)
	}
	for end := from + len(old); end <= len(item); end++ { // the record is as long as its checksum says
		for start := range from + 1 {
			sum := binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(item[start:end]))
			if bytes.Count(item, sum) < 2 {
				continue
			}
			copy(item[from:], with)
			mended := binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(item[start:end]))
			copy(item, bytes.ReplaceAll(item, sum, mended))
			must(t, os.WriteFile(path, file, 0o666))
			return
		}
	}
	t.Fatalf("%s: no record with a checksum", entry)
}

// TestLion: what to do about another optimizer than AdamW is to leave its state out.
func TestLion(t *testing.T) {
	lion := filepath.Join(fixtures.Extract(t), "core", "llama-fsdp3-lion")
	_, err := between.Prepare(context.Background(), lion, between.Options{Target: "olmo", Into: t.TempDir()})
	var faults fault.List
	faults.Add("", err)
	if len(faults) == 0 || !strings.Contains(faults[0].Hint, "--no-optimizer") {
		t.Error(faults)
	}
	_, err = between.Prepare(context.Background(), lion,
		between.Options{Target: "olmo", Into: t.TempDir(), NoOptimizer: true})
	must(t, err)
}
