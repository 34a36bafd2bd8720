package unshard_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hf2olmo/convert/native"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/sharded"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/unshard"
	fixtures "hf2olmo/testdata/sharded"
)

// options are those of a run whose output is a temporary folder of the test.
func options(t *testing.T) unshard.Options {
	t.Helper()
	return unshard.Options{Into: t.TempDir()}
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

// TestEveryLayout unshards what allenai/OLMo's trainer saved in each of its layouts: every
// tensor and moment has the bytes that the ranks had.
func TestEveryLayout(t *testing.T) {
	for _, want := range fixtures.Runs(t) {
		dir := want.Dir
		t.Run(filepath.Base(dir), func(t *testing.T) {
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
			all := map[string]fixtures.Sum{}
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

func compare(t *testing.T, c *native.Checkpoint, want map[string]fixtures.Sum) {
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
