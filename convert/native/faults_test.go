package native_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hf2olmo/convert/native"
	fixtures "hf2olmo/testdata/sharded"
)

// faults are ways to damage a checkpoint, and what is said of it.
var faults = []struct {
	name, from string
	damage     damage
	want       string
}{
	{"no rank 1", "t215-torch_legacy", remove("rank1.pt"), "lacks the files of"},
	{"not the last rank", "t215-torch_legacy", remove("rank2.pt"),
		"lacks the files of 1 of 3 ranks, the first of rank 2"},
	{"not the first rank", "t215-torch_legacy", remove("rank0.pt"),
		"lacks the files of 1 of 3 ranks, the first of rank 0"},
	{"ranks swapped", "t215-torch_legacy", swap("rank0.pt", "rank1.pt"),
		"was saved by another rank than the file's name says"},
	{"ranks of a mesh swapped", "t215-hsdp_legacy", swap("rank0.pt", "rank1.pt"), "was saved by the rank at"},
	{"a rank cut short", "t215-torch_legacy", cut("rank1.pt"), "rank1.pt"},
	{"a rank of fewer ranks", "t215-torch_legacy", other("rank1.pt", "t215-zero2_legacy"),
		"rank1.pt"},
	{"another step", "t215-torch_legacy", rename("step4"), "is not the step of the folder's name: expected 4, found 3"},
	{"a surplus rank", "t215-torch_legacy", copyOver("rank1.pt", "rank7.pt"),
		"rank7.pt: is of a rank that a run of 3 ranks does not have"},
	{"no train file", "t215-torch_new", remove("train/rank0.pt"), "train"},
	{"no index", "t215-torch_new", remove("model_and_optim/.metadata"), "model_and_optim/.metadata: does not exist"},
	{"no index of OLMo-core's", "t215-olmo_core3", remove(".metadata"), ".metadata: does not exist"},
	{"no index of OLMo-core 0.1.0's", "t215-olmo_core", remove("model/metadata.json"),
		"model/metadata.json: does not exist"},
	{"no index of the optimizer", "t215-olmo_core", remove("optim/metadata.json"),
		"optim/metadata.json: does not exist"},
	{"no number of ranks", "t22-local", remove("metadata.yaml"), "metadata.yaml: does not exist"},
	{"a train file lost", "t22-local", remove("train/rank2.pt"),
		"train: lacks the files of 1 of 3 ranks, the first of rank 2"},
	{"no items", "t215-torch_new", remove("model_and_optim/__1_0.distcp"), "__1_0.distcp"},
	{"items cut short", "t215-torch_new", cut("model_and_optim/__1_0.distcp"), "__1_0.distcp"},
	{"items of another rank", "t215-torch_new", swap("model_and_optim/__1_0.distcp", "model_and_optim/__2_0.distcp"),
		"distcp"},
	{"items of an earlier run", "t215-torch_new", copyOver("model_and_optim/__1_0.distcp",
		"model_and_optim/__9_0.distcp"), "model_and_optim/__9_0.distcp: is not filled by the items"},
	{"bytes behind the items", "t215-torch_new", grow("model_and_optim/__1_0.distcp"),
		"model_and_optim/__1_0.distcp: is not filled by the items"},
	{"no local model", "t22-local", remove("model/rank2.pt"),
		"model: lacks the files of 1 of 3 ranks, the first of rank 2"},
	{"local models swapped", "t22-local", swap("model/rank0.pt", "model/rank2.pt"),
		"another number of elements than the rank's part"},
	{"a local model twice", "t22-local", copyOver("model/rank0.pt", "model/rank2.pt"),
		"att_proj.weight exp_avg: has another number of elements"},
	{"no local optimizer", "t22-local", remove("optim/rank1.pt"), "optim: lacks the files"},
	{"another number of ranks", "t22-local", write("metadata.yaml", "world_size: 4\n"), "world_size"},
}

// TestFaults damages real checkpoints in ways that no rank notices when it loads its own
// files: each is an error that names the file or the tensor.
func TestFaults(t *testing.T) {
	root := filepath.Join(fixtures.Extract(t), "olmo")
	for _, c := range faults {
		t.Run(c.name, func(t *testing.T) {
			parent := t.TempDir()
			dir := filepath.Join(parent, "step3")
			if err := os.CopyFS(dir, os.DirFS(filepath.Join(root, c.from, "step3"))); err != nil {
				t.Fatal(err)
			}
			c.damage(t, dir)
			if _, err := os.Stat(dir); err != nil {
				dir = filepath.Join(parent, "step4")
			}
			_, err := native.Open(context.Background(), dir)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

type damage = func(t *testing.T, dir string)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func remove(name string) damage {
	return func(t *testing.T, dir string) { must(t, os.Remove(filepath.Join(dir, name))) }
}

func rename(name string) damage {
	return func(t *testing.T, dir string) { must(t, os.Rename(dir, filepath.Join(filepath.Dir(dir), name))) }
}

func write(name, text string) damage {
	return func(t *testing.T, dir string) { must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666)) }
}

func cut(name string) damage {
	return func(t *testing.T, dir string) {
		path := filepath.Join(dir, name)
		info, err := os.Stat(path)
		must(t, err)
		must(t, os.Truncate(path, info.Size()-100))
	}
}

func grow(name string) damage {
	return func(t *testing.T, dir string) {
		path := filepath.Join(dir, name)
		info, err := os.Stat(path)
		must(t, err)
		must(t, os.Truncate(path, info.Size()+100))
	}
}

func swap(a, b string) damage {
	return func(t *testing.T, dir string) {
		a, b := filepath.Join(dir, a), filepath.Join(dir, b)
		must(t, os.Rename(a, a+".aside"))
		must(t, os.Rename(b, a))
		must(t, os.Rename(a+".aside", b))
	}
}

func copyOver(from, to string) damage {
	return func(t *testing.T, dir string) { replace(to, filepath.Join(dir, from))(t, dir) }
}

// other puts a file of another checkpoint's step in place of the one of that name.
func other(name, checkpoint string) damage {
	return func(t *testing.T, dir string) {
		replace(name, filepath.Join(fixtures.Extract(t), "olmo", checkpoint, "step3", name))(t, dir)
	}
}

func replace(name, with string) damage {
	return func(t *testing.T, dir string) {
		text, err := os.ReadFile(with)
		must(t, err)
		must(t, os.WriteFile(filepath.Join(dir, name), text, 0o666))
	}
}
