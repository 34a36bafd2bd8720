package unshard_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hf2olmo/convert/folder"
	"hf2olmo/convert/native"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/output"
	"hf2olmo/convert/sharded"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/unshard"
	fixtures "hf2olmo/testdata/sharded"
)

var names = folder.Names{Ours: olmo.Ours, Configs: []string{olmo.ConfigFile}}

// options are those of a run whose output is a temporary folder of the test.
func options(t *testing.T) unshard.Options {
	t.Helper()
	return unshard.Options{Into: t.TempDir(), Folder: output.Options{Names: names}}
}

func run(t *testing.T, dir string, o unshard.Options) (*unshard.Result, error) {
	t.Helper()
	u, err := unshard.Prepare(context.Background(), dir, o)
	if err != nil {
		return nil, err
	}
	return u.Write(context.Background())
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

type sum struct {
	DType  string
	Shape  []int64
	SHA256 string
}

// TestEveryLayout unshards what allenai/OLMo's trainer saved in each of its layouts: every
// tensor and moment has the bytes that the ranks had.
func TestEveryLayout(t *testing.T) {
	dirs, _ := filepath.Glob(filepath.Join(fixtures.Extract(t), "olmo", "*"))
	if len(dirs) != 33 {
		t.Fatalf("%d checkpoints, want 33", len(dirs))
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			var want struct {
				World int `json:"world_size"`
				Model map[string]sum
				Optim map[string]map[string]sum
			}
			text, err := os.ReadFile(filepath.Join(dir, "expected.json"))
			must(t, err)
			must(t, json.Unmarshal(text, &want))
			r, err := run(t, dir, options(t)) // the run's folder: its only step is meant
			must(t, err)
			if filepath.Base(r.Output) != "step3-unsharded" || r.Unchanged {
				t.Errorf("%+v", r)
			}
			c, err := native.Open(context.Background(), r.Output)
			must(t, err)
			if c.Kind != native.Unsharded || c.Step != 3 || c.Train.Get("world_size") != any(int64(want.World)) ||
				c.Train.Get("global_train_examples_seen_this_epoch") == any(int64(0)) {
				t.Errorf("%s of step %d: %v", c.Kind, c.Step, c.Train)
			}
			all := map[string]sum{}
			for name, s := range want.Model {
				all[name] = s
			}
			for name, state := range want.Optim {
				for moment, s := range state {
					all[name+"."+moment] = s
				}
			}
			compare(t, c, all)
			compareGroups(t, c, len(want.Optim))
			compareFile(t, filepath.Join(dir, "step3"), r.Output, olmo.ConfigFile)
		})
	}
}

func compare(t *testing.T, c *native.Checkpoint, want map[string]sum) {
	t.Helper()
	got := c.Tensors()
	if len(got) != len(want) {
		t.Errorf("%d tensors, want %d", len(got), len(want))
	}
	for _, full := range got {
		s := want[full.Name]
		hash := sha256.Sum256(read(t, full))
		if full.DType.String() != s.DType || !slices.Equal(full.Shape, s.Shape) || hex.EncodeToString(hash[:]) != s.SHA256 {
			t.Errorf("%s: other dtype, shape or bytes than the ranks had", full.Name)
		}
	}
}

// compareGroups checks what the trainer asserts: params are the cleaned param_names, and
// name every parameter once.
func compareGroups(t *testing.T, c *native.Checkpoint, parameters int) {
	t.Helper()
	n := 0
	for _, g := range c.Groups {
		params, named := sharded.Items(g.Get("params")), sharded.Items(g.Get("param_names"))
		for i := range named {
			text, _ := named[i].(string)
			if i >= len(params) || params[i] != any(strings.ReplaceAll(text, "_fsdp_wrapped_module.", "")) {
				t.Errorf("params %v, param_names %v", params, named)
				break
			}
			n++
		}
		for _, field := range []string{"lr", "weight_decay", "betas"} {
			if g.Get(field) == nil {
				t.Errorf("a group has no %s", field)
			}
		}
	}
	if n != parameters {
		t.Errorf("%d parameters in groups, want %d", n, parameters)
	}
}

func compareFile(t *testing.T, from, to, name string) {
	t.Helper()
	want, err := os.ReadFile(filepath.Join(from, name))
	must(t, err)
	got, err := os.ReadFile(filepath.Join(to, name))
	must(t, err)
	if string(got) != string(want) {
		t.Errorf("%s is another", name)
	}
}

func read(t *testing.T, full *sharded.Tensor) []byte {
	t.Helper()
	files, err := tensor.OpenFiles([]tensor.Tensor{full.Tensor})
	must(t, err)
	defer files.Close()
	content := tensor.Content{DType: full.DType, Parts: []*tensor.Tensor{&full.Tensor}}
	b := make([]byte, content.Bytes())
	must(t, tensor.NewGatherer(files).Read(b, &content, 0))
	return b
}

// TestOptions leaves the optimizer out, casts, and names another tokenizer.
func TestOptions(t *testing.T) {
	root := fixtures.Extract(t)
	step := filepath.Join(root, "olmo", "t215-torch_new", "step3")
	o := options(t)
	o.NoOptimizer = true
	r, err := run(t, step, o)
	must(t, err)
	if _, err := os.Stat(filepath.Join(r.Output, olmo.OptimizerFile)); err == nil || !strings.Contains(r.Command, "--reset_optimizer_state=true") {
		t.Errorf("%v, %s", err, r.Command)
	}
	o = options(t)
	o.DType, o.Tokenizer = tensor.BFloat16, "allenai/dolma2-tokenizer"
	r, err = run(t, step, o)
	must(t, err)
	c, err := native.Open(context.Background(), r.Output)
	must(t, err)
	for _, full := range c.Tensors() {
		want := tensor.BFloat16
		if len(full.Shape) == 0 { // step
			want = tensor.Float32
		}
		if full.DType != want {
			t.Errorf("%s is %s, want %s", full.Name, full.DType, want)
		}
	}
	written, err := olmo.ReadConfig(r.Output)
	must(t, err)
	if written.Tokenizer != o.Tokenizer || !strings.Contains(strings.Join(r.Warnings, "\n"), "the tokenizer was ") {
		t.Errorf("tokenizer %s, warnings %v", written.Tokenizer, r.Warnings)
	}
	o = options(t)
	o.DType = tensor.BFloat16
	for _, name := range []string{"olmo2-single-ids", "olmo2-fsdp-names"} {
		source, err := native.Open(context.Background(), filepath.Join(root, "core", name))
		must(t, err)
		o.Output = filepath.Join(o.Into, name)
		r, err := run(t, filepath.Join(root, "core", name), o)
		must(t, err)
		c, err := native.Open(context.Background(), r.Output)
		must(t, err)
		if got, want := fmt.Sprint(c.Groups[0].Get("params")), fmt.Sprint(source.Groups[0].Get("params")); got != want {
			t.Errorf("%s: params are %s, want %s", name, got, want)
		}
	}
}

// TestUnchanged runs twice, with other options, and after something was changed.
func TestUnchanged(t *testing.T) {
	step := filepath.Join(fixtures.Extract(t), "olmo", "t22-local", "step3")
	o := options(t)
	if r, err := run(t, step, o); err != nil || r.Unchanged {
		t.Fatalf("%+v, %v", r, err)
	}
	if r, err := run(t, step, o); err != nil || !r.Unchanged {
		t.Errorf("%+v, %v", r, err)
	}
	other := o
	other.NoOptimizer = true
	if _, err := run(t, step, other); err == nil || !strings.Contains(err.Error(), "--no-optimizer") {
		t.Error(err)
	}
	other.Folder.Force = true
	r, err := run(t, step, other)
	must(t, err)
	if _, err := os.Stat(filepath.Join(r.Output, olmo.OptimizerFile)); err == nil {
		t.Error("--force left optim.pt of the older output")
	}
	must(t, os.WriteFile(filepath.Join(r.Output, "model.safetensors"), nil, 0o666))
	other.Folder.Force = false
	if _, err := run(t, step, other); err == nil || !strings.Contains(err.Error(), "model.safetensors") {
		t.Error(err)
	}
}

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
		{"float16 moments", legacy, func(t *testing.T, dir string, o *unshard.Options) { o.DType = tensor.Float16 }, "second moments float16 cannot represent"},
		{"no config", legacy, func(t *testing.T, dir string, o *unshard.Options) {
			must(t, os.Remove(filepath.Join(dir, olmo.ConfigFile)))
		}, "config.yaml: cannot be read"},
		{"a rank lost", legacy, func(t *testing.T, dir string, o *unshard.Options) { must(t, os.Remove(filepath.Join(dir, "rank1.pt"))) }, "lacks the files of 1 of"},
		{"a replica damaged", filepath.Join(root, "olmo", "t215-noshard_legacy", "step3"), damageCopy, "differs from the same part in rank0.pt"},
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
