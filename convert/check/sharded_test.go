package check_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hf2olmo/convert/check"
	fixtures "hf2olmo/testdata/sharded"
)

// TestShardedCheckpoints checks what allenai/OLMo's trainer saved in each of its layouts.
// Nothing is wrong with any but the tokenizer, which is missing, and of each the command that
// makes it one unsharded checkpoint is named.
func TestShardedCheckpoints(t *testing.T) {
	dirs, err := filepath.Glob(filepath.Join(fixtures.Extract(t), "olmo", "*", "step3"))
	if err != nil || len(dirs) != 33 {
		t.Fatalf("%d checkpoints, %v", len(dirs), err)
	}
	kinds := map[check.Kind]int{}
	for _, dir := range dirs {
		report := full(t, dir)
		kinds[report.Kind]++
		for _, f := range report.Findings {
			if f.Severity == check.Error && f.Code != "tokenizer-missing" {
				t.Errorf("%s: %+v", dir, f)
			}
		}
		if f := find(report, "sharded"); f == nil || !strings.Contains(f.Hint, "hf2olmo convert "+dir) {
			t.Errorf("%s: %+v names no command", dir, f)
		}
		if f := find(report, "read"); f == nil || !strings.Contains(f.Problem, "every byte was read") {
			t.Errorf("%s: %+v", dir, f)
		}
	}
	if kinds[check.Legacy] != 13 || kinds[check.New] != 8 || kinds[check.Local] != 7 || kinds[check.Core] != 5 {
		t.Errorf("%v", kinds)
	}
}

// TestRuns checks the sharded runs of Hugging Face trainers: the command that converts each is named.
func TestRuns(t *testing.T) {
	root := filepath.Join(fixtures.Extract(t), "hf")
	for name, command := range map[string]string{
		"accelerate-fsdp1-olmo2/checkpoint-5":                      "hf2olmo convert DIR --like MODEL",
		"accelerate-fsdp2-llama/checkpoint-5/pytorch_model_fsdp_0": "hf2olmo convert DIR --like MODEL",
		"verl-fsdp1-mesh-llama-tied/global_step_5":                 "hf2olmo convert DIR",
		"verl-fsdp1-olmo2/global_step_5/actor":                     "hf2olmo convert DIR",
		"verl-fsdp2-qwen3/global_step_5":                           "hf2olmo convert --target olmo-core DIR",
	} {
		dir := filepath.Join(root, name)
		report := full(t, dir)
		f := find(report, "huggingface")
		if f == nil || !strings.HasSuffix(f.Hint, strings.ReplaceAll(command, "DIR", dir)) || len(report.Findings) != 1 {
			t.Errorf("%s: %+v", name, report.Findings)
		}
	}
	dir := filepath.Join(root, "verl-fsdp1-olmo2", "global_step_5")
	if err := os.Remove(filepath.Join(dir, "actor", "model_world_size_3_rank_1.pt")); err != nil {
		t.Fatal(err)
	}
	report := full(t, dir)
	if f := find(report, "shards"); f == nil || f.File != "model_world_size_3_rank_1.pt" {
		t.Errorf("%+v", report.Findings)
	}
}

// TestShardedDamage damages checkpoints of many ranks in ways that no rank notices that loads
// its own files.
func TestShardedDamage(t *testing.T) {
	for _, c := range []struct {
		name, from string
		damage     func(t *testing.T, dir string)
		code, file string
		severity   check.Severity
		words      string
	}{
		{"ranks swapped", "t215-torch_legacy", swap("rank0.pt", "rank1.pt"), "shards", "rank0.pt", check.Error,
			"saved by another rank"},
		{"a rank of another step", "t215-torch_new", copyOf("../../t215-hsdp_new/step3/train/rank1.pt", "train/rank1.pt"),
			"shards", "train/rank1.pt", check.Warning, "hf2olmo convert refuses it"},
		{"another step's name", "t215-torch_legacy", rename, "shards", "rank0.pt", check.Warning, "folder's name"},
		{"local models swapped", "t22-local", swap("model/rank0.pt", "model/rank2.pt"), "shards", "optim/rank0.pt",
			check.Error, "another number of elements"},
		{"items swapped", "t215-torch_new", swap("model_and_optim/__1_0.distcp", "model_and_optim/__2_0.distcp"),
			"", "model_and_optim/__1_0.distcp", check.Error, ""},
		{"a byte of an item", "t215-torch_new", flipStorage("model_and_optim/__1_0.distcp"), "checksum",
			"model_and_optim/__1_0.distcp", check.Error, "loads the damaged bytes silently"},
		{"a byte of a rank", "t215-torch_legacy", flipStorage("rank1.pt"), "checksum", "rank1.pt", check.Error,
			"loads the damaged bytes silently"},
		{"a byte of a safetensors file", "t215-olmo_core", nan("model/rank_0.safetensors"), "nan",
			"model/rank_0.safetensors", check.Error, "the loss is NaN"},
		{"a replica's byte", "t215-hsdp_legacy", flipStorage("rank3.pt"), "replicas", "rank3.pt",
			check.Error, "another replica saved"},
		{"another config", "t22-local", edit("config.yaml", "n_layers: 2", "n_layers: 3"), "tensor-missing", "model",
			check.Error, "Missing key(s)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := filepath.Join(fixtures.Extract(t), "olmo")
			dir := filepath.Join(t.TempDir(), "step3")
			if err := os.CopyFS(dir, os.DirFS(filepath.Join(root, c.from, "step3"))); err != nil {
				t.Fatal(err)
			}
			fromRoot = filepath.Join(root, c.from, "step3")
			c.damage(t, dir)
			if _, err := os.Stat(dir); err != nil {
				dir = filepath.Join(filepath.Dir(dir), "step4")
			}
			report := full(t, dir)
			for _, f := range report.Findings {
				if (f.Code == c.code || c.code == "") && f.File == c.file && f.Severity == c.severity &&
					strings.Contains(f.Message(), c.words) {
					return
				}
			}
			t.Errorf("%+v", report.Findings)
		})
	}
}

// fromRoot is the checkpoint that the one of the running test is a copy of.
var fromRoot string

func full(t *testing.T, dir string) *check.Report {
	t.Helper()
	report, err := check.Folder(context.Background(), dir, check.Options{Full: true})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func find(r *check.Report, code string) *check.Finding {
	for i := range r.Findings {
		if r.Findings[i].Code == code {
			return &r.Findings[i]
		}
	}
	return nil
}

// change rewrites a file.
func change(t *testing.T, path string, with func([]byte) []byte) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, with(data), 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func swap(a, b string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		change(t, filepath.Join(dir, a), func([]byte) []byte { return read(t, filepath.Join(fromRoot, b)) })
		change(t, filepath.Join(dir, b), func([]byte) []byte { return read(t, filepath.Join(fromRoot, a)) })
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func copyOf(from, to string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		change(t, filepath.Join(dir, to), func([]byte) []byte { return read(t, filepath.Join(fromRoot, from)) })
	}
}

func rename(t *testing.T, dir string) {
	if err := os.Rename(dir, filepath.Join(filepath.Dir(dir), "step4")); err != nil {
		t.Fatal(err)
	}
}

// flipStorage changes a bit of a storage's bytes.
func flipStorage(name string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		change(t, filepath.Join(dir, name), func(data []byte) []byte {
			at := bytes.Index(data, []byte("/data/0FB")) + len("/data/0FB") + 2
			for data[at] == 'Z' { // torch's padding
				at++
			}
			data[at] ^= 1
			return data
		})
	}
}

// nan makes the last element of a safetensors file NaN.
func nan(name string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		change(t, filepath.Join(dir, name), func(data []byte) []byte {
			copy(data[len(data)-4:], []byte{0, 0, 0xc0, 0x7f})
			return data
		})
	}
}
