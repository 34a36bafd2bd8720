package verify_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hf2olmo/convert"
	"hf2olmo/convert/converttest"
	"hf2olmo/convert/export"
	"hf2olmo/convert/native"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/unshard"
	"hf2olmo/convert/verify"
	fixtures "hf2olmo/testdata/sharded"
)

// toNative converts a bundled model.
func toNative(t *testing.T, model string, o convert.Options) string {
	t.Helper()
	o.Into = t.TempDir()
	r, err := converttest.Convert(context.Background(), filepath.Join(testdata, "models", model), o)
	must(t, err)
	return r.Output
}

// exported exports a checkpoint.
func exported(t *testing.T, checkpoint string, o export.Options) string {
	t.Helper()
	o.Into = t.TempDir()
	e, err := export.Prepare(context.Background(), checkpoint, o)
	must(t, err)
	r, err := e.Write(context.Background())
	must(t, err)
	return r.Output
}

// TestVerifyExports: what export makes of every bundled model matches the checkpoint, the model,
// and the other way round; and as a cast, in shards.
func TestVerifyExports(t *testing.T) {
	models, _ := filepath.Glob(filepath.Join(testdata, "models", "*"))
	seen := 0
	for _, path := range models {
		name := filepath.Base(path)
		checkpoint := toNative(t, name, convert.Options{})
		like := map[string]string{"phi3": path}[name] // without it, this one leaves as llama
		e, err := export.Prepare(context.Background(), checkpoint, export.Options{Into: t.TempDir(), Like: like})
		if err != nil { // no class computes it: they meet in the trainer's terms
			if v := verified(t, checkpoint, path); !v.Same() || v.Tensors == 0 {
				t.Errorf("%s: %+v", name, v)
			}
			continue
		}
		seen++
		r, err := e.Write(context.Background())
		must(t, err)
		small := exported(t, checkpoint, export.Options{DType: tensor.BFloat16, MaxShard: 9000, Like: like})
		for _, p := range []pair{{checkpoint, r.Output}, {r.Output, checkpoint}, {path, r.Output}, {r.Output, path},
			{checkpoint, path}, {checkpoint, small}, {r.Output, small}, {small, toNative(t, name,
				convert.Options{DType: tensor.BFloat16})}} {
			if v := verified(t, p.source, p.made); !v.Same() || v.Tensors == 0 || v.Cast != "" && p.made != small {
				t.Errorf("%s: %s and %s: %+v", name, p.source, p.made, v)
			}
		}
	}
	if seen < 12 {
		t.Errorf("only %d models were exported", seen)
	}
}

// TestVerifyAnyOneBit turns one bit at a time, all over the files of each kind. No turn may pass.
func TestVerifyAnyOneBit(t *testing.T) {
	core := toNative(t, "llama", convert.Options{Target: "olmo-core"})
	checkpoint := toNative(t, "llama", convert.Options{})
	legacy := filepath.Join(fixtures.Extract(t), "olmo", "t215-torch_legacy", "step3")
	shards := exported(t, checkpoint, export.Options{MaxShard: 9000})
	bin := filepath.Join(testdata, "models", "llama-bin")
	for name, c := range map[string]struct {
		pair
		files string
		every int
	}{
		"exported":         {pair{checkpoint, exported(t, checkpoint, export.Options{})}, "model.safetensors", 101},
		"exported shards":  {pair{checkpoint, shards}, "*-of-*.safetensors", 307},
		"bin":              {pair{bin, bin}, "pytorch_model.bin", 181},
		"unsharded":        {pair{checkpoint, checkpoint}, "model.pt", 191},
		"OLMo-core":        {pair{core, core}, "model_and_optim/__0_0.distcp", 619},
		"sharded":          {pair{legacy, legacy}, "rank1.pt", 1009},
		"sharded reversed": {pair{unsharded(t, legacy, unshard.Options{}), legacy}, "rank0.pt", 1307},
	} {
		t.Run(name, func(t *testing.T) {
			made := filepath.Join(t.TempDir(), filepath.Base(c.made))
			must(t, os.CopyFS(made, os.DirFS(c.made)))
			if said := compared(pair{c.source, made}); said != "" {
				t.Fatalf("before: %s", said)
			}
			files, _ := filepath.Glob(filepath.Join(made, filepath.FromSlash(c.files)))
			for _, path := range files {
				good := readFile(t, path)
				for at := 0; at < len(good); at += c.every {
					bad := bytes.Clone(good)
					bad[at] ^= 1 << (at % 8)
					writeFile(t, path, bad)
					v, err := verify.Folder(context.Background(), c.source, made, verify.Options{Jobs: 1})
					if err == nil && v.Same() && !unreadByAnyone(good, at) {
						t.Errorf("%s: bit %d of byte %d: not seen", filepath.Base(path), at%8, at)
					}
				}
				writeFile(t, path, good)
			}
			if len(files) == 0 {
				t.Error("no files")
			}
		})
	}
}

// TestVerifyAnyDamaged: what two of one trainer have in common is compared, moment by moment.
func TestVerifyAnyDamaged(t *testing.T) {
	root := filepath.Join(testdata, "checkpoints")
	good := pair{filepath.Join(root, "legacy", "step3"), filepath.Join(root, "new", "step3")}
	const weight = "transformer.blocks.0.att_proj.weight"
	for name, c := range map[string]struct {
		change func(t *testing.T, p pair)
		want   string
	}{
		"nothing": {func(*testing.T, pair) {}, ""},
		"moment": {func(t *testing.T, p pair) { flip(t, p.source, firstMoment) },
			weight + ".exp_avg: the checksum of its record"},
		"weight":    {func(t *testing.T, p pair) { flip(t, p.made, firstWeight) }, weight + " of rank"},
		"lost rank": {func(t *testing.T, p pair) { loseRank(t, p.source) }, "lacks the files of 1 of"},
		"config": {func(t *testing.T, p pair) { edit("n_heads: 2", "n_heads: 4")(t, p) },
			"config.yaml: model.n_heads: expected 2, found 4"},
		"lost config": {func(t *testing.T, p pair) { must(t, os.Remove(filepath.Join(p.source, "config.yaml"))) },
			"has no config, so no configs were compared"},
	} {
		t.Run(name, func(t *testing.T) {
			p := pair{filepath.Join(t.TempDir(), "step3"), filepath.Join(t.TempDir(), "step3")}
			must(t, os.CopyFS(p.source, os.DirFS(good.source)))
			must(t, os.CopyFS(p.made, os.DirFS(good.made)))
			c.change(t, p)
			if said := compared(p); !strings.Contains(said, c.want) || c.want == "" && said != "" {
				t.Errorf("want %q in\n%s", c.want, said)
			}
		})
	}
}

// TestVerifyOfOtherSteps: checkpoints of two steps, and one whose optimizer is another.
func TestVerifyOfOtherSteps(t *testing.T) {
	root := filepath.Join(fixtures.Extract(t), "core")
	names := filepath.Join(root, "olmo2-fsdp-names")
	ids := filepath.Join(root, "olmo2-single-ids")
	v := verified(t, names, ids)
	if v.Moments == 0 || v.Same() {
		t.Errorf("%+v", v)
	}
	if v := verified(t, names, names); !v.Same() || v.Moments == 0 {
		t.Errorf("%+v", v)
	}
	dirs, _ := filepath.Glob(filepath.Join(root, "*"))
	for _, dir := range dirs {
		if native.Recognize(dir) == "" {
			dir = native.Find(dir)
		}
		if v := verified(t, dir, dir); !v.Same() || v.Moments == 0 {
			t.Errorf("%s: %+v", dir, v)
		}
	}
}

// unreadByAnyone reports whether a byte is one of those in the headers of a zip archive that say which
// program wrote it, on which disk and with which attributes.
func unreadByAnyone(file []byte, at int) bool {
	start := bytes.LastIndex(file[:at], []byte("PK"))
	if start < 0 {
		return false
	}
	from := at - start
	switch string(file[start : start+4]) {
	case "PK\x03\x04":
		return from == 4 || from == 5
	case "PK\x01\x02":
		return from >= 4 && from <= 7 || from >= 36 && from <= 41
	}
	return false
}
