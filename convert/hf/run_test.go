package hf_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hf2olmo/convert/hf"
	"hf2olmo/convert/tensor"
	fixtures "hf2olmo/testdata/sharded"
)

// runs are the sharded runs of testdata/sharded: where each is, what its outputs are called,
// and whether it has a config.json.
var runs = []struct {
	name, path, output string
	config             bool
}{
	{"verl-fsdp1-mesh-llama-tied", "global_step_5", "global_step_5", true},
	{"verl-fsdp1-olmo2", "global_step_5/actor", "global_step_5", true},
	{"verl-fsdp2-qwen3", "global_step_5", "global_step_5", true},
	{"accelerate-fsdp1-olmo2", "checkpoint-5", "checkpoint-5", false},
	{"accelerate-fsdp2-llama", "checkpoint-5/pytorch_model_fsdp_0", "checkpoint-5", false},
}

// TestRuns opens what verl and accelerate saved: the tensors are those of the whole model.
func TestRuns(t *testing.T) {
	root := filepath.Join(fixtures.Extract(t), "hf")
	for _, run := range runs {
		t.Run(run.name, func(t *testing.T) {
			path, whole := filepath.Join(root, run.name, run.path), filepath.Join(root, run.name, "expected")
			var options []hf.Option
			if !run.config {
				expectFaults(t, path, root, "config.json: does not exist\n  "+hf.NeedsLike+"\n")
				options = append(options, hf.Like(whole))
			}
			m, err := hf.Open(path, options...)
			must(t, err)
			if m.Name != run.output || len(m.Warnings) > 0 || m.Config["model_type"] == nil {
				t.Errorf("%s %q %v", m.Name, m.Warnings, m.Config)
			}
			sameTensors(t, m, whole)
			l, err := hf.List(path)
			must(t, err)
			if len(l.Entries) != len(m.Tensors) || len(l.Warnings) > 0 || (l.Config != nil) != run.config {
				t.Errorf("%d entries, %q", len(l.Entries), l.Warnings)
			}
		})
	}
}

// sameTensors compares tensors with those of a whole model, bit for bit. A tied head may be
// there too.
func sameTensors(t *testing.T, m *hf.Model, whole string) {
	t.Helper()
	want, err := hf.Open(whole)
	must(t, err)
	if tied := len(m.Tensors) - len(want.Tensors); tied != 0 && (tied != 1 || want.Config["tie_word_embeddings"] != true) {
		t.Errorf("%d tensors, want %d", len(m.Tensors), len(want.Tensors))
	}
	for i := range want.Tensors {
		w := &want.Tensors[i]
		at := slices.IndexFunc(m.Tensors, func(t tensor.Tensor) bool { return t.Name == w.Name })
		if at < 0 {
			t.Errorf("%s is missing", w.Name)
			continue
		}
		if !bytes.Equal(elements(t, &m.Tensors[at]), elements(t, w)) {
			t.Errorf("%s has other bytes", w.Name)
		}
	}
}

func elements(t *testing.T, one *tensor.Tensor) []byte {
	t.Helper()
	files, err := tensor.OpenFiles([]tensor.Tensor{*one})
	must(t, err)
	defer files.Close()
	b := make([]byte, one.Bytes())
	must(t, tensor.NewGatherer(files).Read(b, &tensor.Content{DType: one.DType, Parts: []*tensor.Tensor{one}}, 0))
	return b
}

// Each damage is done to a copy of a run; FILE is the name of rank 1's file.
var runDamages = []struct {
	name   string
	damage func(t *testing.T, dir string)
	want   string
}{
	{"a rank missing", func(t *testing.T, dir string) { must(t, os.Remove(dir+"/model_world_size_3_rank_1.pt")) },
		"model_world_size_3_rank_1.pt: does not exist: expected the files of 3 ranks, found 2"},
	{"a rank too many", func(t *testing.T, dir string) {
		must(t, os.Link(dir+"/model_world_size_3_rank_1.pt", dir+"/model_world_size_3_rank_3.pt"))
	}, "model_world_size_3_rank_3.pt: is of a rank that the run does not have: expected ranks 0 to 2"},
	{"of two worlds", func(t *testing.T, dir string) {
		must(t, os.Rename(dir+"/model_world_size_3_rank_2.pt", dir+"/model_world_size_4_rank_2.pt"))
	}, "model_world_size_3_rank_0.pt: the folder has the files of runs on different numbers of ranks: found [3 4]"},
	{"of another world", func(t *testing.T, dir string) {
		must(t, os.Remove(dir+"/fsdp_config.json"))
		must(t, os.Remove(dir+"/model_world_size_3_rank_2.pt"))
		must(t, os.Rename(dir+"/model_world_size_3_rank_0.pt", dir+"/model_world_size_2_rank_0.pt"))
		must(t, os.Rename(dir+"/model_world_size_3_rank_1.pt", dir+"/model_world_size_2_rank_1.pt"))
	}, "model_world_size_2_rank_0.pt: model.embed_tokens.weight: "},
	{"two ranks swapped", func(t *testing.T, dir string) {
		must(t, os.Rename(dir+"/model_world_size_3_rank_2.pt", dir+"/x"))
		must(t, os.Rename(dir+"/model_world_size_3_rank_1.pt", dir+"/model_world_size_3_rank_2.pt"))
		must(t, os.Rename(dir+"/x", dir+"/model_world_size_3_rank_1.pt"))
	}, "model_world_size_3_rank_1.pt: "},
	{"a rank cut short", func(t *testing.T, dir string) {
		must(t, os.Truncate(dir+"/model_world_size_3_rank_1.pt",
			5000))
	},
		"model_world_size_3_rank_1.pt: "},
	{"a rank empty", func(t *testing.T, dir string) { write(t, dir+"/model_world_size_3_rank_1.pt", "") },
		"model_world_size_3_rank_1.pt: is empty"},
	{"a rank that is a pointer", func(t *testing.T, dir string) { write(t, dir+"/model_world_size_3_rank_1.pt", pointer) },
		"model_world_size_3_rank_1.pt: is a Git LFS pointer, not the file itself"},
	{"a rank of something else", func(t *testing.T, dir string) {
		write(t, dir+"/model_world_size_3_rank_1.pt", read(t, dir+"/extra_state_world_size_3_rank_1.pt"))
	}, "model_world_size_3_rank_1.pt: "},
	{"no config", func(t *testing.T, dir string) { must(t, os.RemoveAll(dir+"/huggingface")) },
		"config.json: does not exist"},
	{"a broken config", func(t *testing.T, dir string) { write(t, dir+"/huggingface/config.json", "{") },
		"huggingface/config.json: is not valid JSON"},
	{"said to be of another world", func(t *testing.T, dir string) {
		write(t, dir+"/fsdp_config.json",
			`{"world_size": 4}`)
	},
		"fsdp_config.json: world_size is not the number of ranks whose files are here: expected 3, found 4"},
}

func TestDamagedRuns(t *testing.T) {
	root := filepath.Join(fixtures.Extract(t), "hf")
	for _, d := range runDamages {
		for _, run := range []string{"verl-fsdp2-qwen3", "verl-fsdp1-olmo2"} {
			t.Run(d.name+", "+run, func(t *testing.T) {
				dir := filepath.Join(t.TempDir(), "actor")
				must(t, os.CopyFS(dir, os.DirFS(filepath.Join(root, run, "global_step_5/actor"))))
				d.damage(t, dir)
				expectOneLine(t, dir, d.want)
			})
		}
	}
}

// expectOneLine expects that a line of the error contains text.
func expectOneLine(t *testing.T, path, text string) {
	t.Helper()
	_, err := hf.Open(path)
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("have %v\nwant %s", err, text)
	}
}

// TestFolderOfRuns: the folder of a whole run names the steps in it.
func TestFolderOfRuns(t *testing.T) {
	root := filepath.Join(fixtures.Extract(t), "hf")
	dir := filepath.Join(root, "verl-fsdp2-qwen3")
	must(t, os.RemoveAll(dir+"/expected"))
	write(t, dir+"/latest_checkpointed_iteration.txt", "5")
	expectFaults(t, dir, dir, "DIR: contains neither config.json nor weights: found folders of models: global_step_5\n"+
		"  Give one of these folders, or several.\n")
	expectFaults(t, dir+"/global_step_5/actor/model_world_size_3_rank_0.pt", dir,
		"DIR/global_step_5/actor/model_world_size_3_rank_0.pt: is one part of a sharded model\n  Give the folder.\n")
	must(t, os.CopyFS(root+"/best", os.DirFS(dir+"/global_step_5")))
	if m, err := hf.Open(root + "/best"); err != nil || m.Name != "best" {
		t.Errorf("%v, of a step's folder that was renamed", err)
	}
	must(t, os.Rename(dir+"/global_step_5/actor", root+"/elsewhere"))
	must(t, os.Symlink(root+"/elsewhere", dir+"/global_step_5/actor"))
	if _, err := hf.Open(dir + "/global_step_5"); err != nil {
		t.Error(err)
	}
	expectLinkOut(t, dir+"/global_step_5")

	actor := root + "/elsewhere"
	must(t, os.Rename(actor+"/huggingface", root+"/config"))
	must(t, os.Symlink(root+"/config", actor+"/huggingface"))
	if _, err := hf.Open(actor); err != nil {
		t.Error(err)
	}
	expectLinkOut(t, actor)
	write(t, root+"/config/model.safetensors", "not read")
	m, err := hf.Open(actor)
	must(t, err)
	want := []string{"the shards are converted, and the whole model in the folder huggingface is not used"}
	if !slices.Equal(m.Warnings, want) {
		t.Errorf("%q", m.Warnings)
	}
}

var indexDamagesOfRuns = []struct {
	name   string
	damage func(t *testing.T, dir string) // dir is pytorch_model_fsdp_0
	want   string
}{
	{"no index", func(t *testing.T, dir string) { must(t, os.Remove(dir+"/.metadata")) },
		"pytorch_model_fsdp_0/.metadata: does not exist"},
	{"a file missing", func(t *testing.T, dir string) { must(t, os.Remove(dir+"/__1_0.distcp")) },
		"pytorch_model_fsdp_0/__1_0.distcp: does not exist"},
	{"a file cut short", func(t *testing.T, dir string) { must(t, os.Truncate(dir+"/__1_0.distcp", 3000)) },
		"pytorch_model_fsdp_0/__1_0.distcp: model.model.layers"},
	{"two models", func(t *testing.T, dir string) {
		must(t, os.CopyFS(filepath.Dir(dir)+"/pytorch_model_fsdp_1", os.DirFS(dir)))
	}, "contains several models: found pytorch_model_fsdp_0, pytorch_model_fsdp_1"},
}

func TestDamagedIndexes(t *testing.T) {
	root := filepath.Join(fixtures.Extract(t), "hf")
	for _, d := range indexDamagesOfRuns {
		t.Run(d.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "checkpoint-5")
			must(t, os.CopyFS(dir, os.DirFS(filepath.Join(root, "accelerate-fsdp2-llama/checkpoint-5"))))
			d.damage(t, dir+"/pytorch_model_fsdp_0")
			expectOneLine(t, dir, d.want)
		})
	}
}

// FuzzRun: a rank's file of any bytes is read or refused, and what is read lies in the file.
func FuzzRun(f *testing.F) {
	root := filepath.Join(fixtures.Extract(f), "hf")
	for _, run := range []string{"verl-fsdp2-qwen3", "verl-fsdp1-olmo2"} {
		text, err := os.ReadFile(filepath.Join(root, run, "global_step_5/actor/model_world_size_3_rank_0.pt"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	dir := f.TempDir()
	if err := os.WriteFile(dir+"/config.json", []byte("{}"), 0o666); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		write(t, dir+"/model_world_size_1_rank_0.pt", string(text))
		m, err := hf.Open(dir)
		if err != nil {
			return
		}
		for i := range m.Tensors {
			one := &m.Tensors[i]
			if file, at := one.ByteOf(max(0, one.Numel()-1)); one.Numel() > 0 && at+one.DType.Size() > file.Size {
				t.Errorf("%s ends at byte %d of %d", one.Name, at, file.Size)
			}
		}
	})
}
