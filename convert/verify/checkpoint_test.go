package verify_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"hf2olmo/convert/folder"
	"hf2olmo/convert/native"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/sharded"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
	"hf2olmo/convert/unshard"
	"hf2olmo/convert/verify"
	fixtures "hf2olmo/testdata/sharded"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// unsharded makes an unsharded checkpoint, and returns its folder.
func unsharded(t *testing.T, source string, o unshard.Options) string {
	t.Helper()
	o.Into = t.TempDir()
	u, err := unshard.Prepare(context.Background(), source, o)
	must(t, err)
	r, err := u.Write(context.Background())
	must(t, err)
	return r.Output
}

// TestVerifyEveryLayout verifies what is made of each layout of sharded checkpoints.
func TestVerifyEveryLayout(t *testing.T) {
	dirs, _ := filepath.Glob(filepath.Join(fixtures.Extract(t), "olmo", "*"))
	if len(dirs) != 33 {
		t.Fatalf("%d checkpoints, want 33", len(dirs))
	}
	var wait sync.WaitGroup
	defer wait.Wait()
	for i, dir := range dirs {
		wait.Go(func() {
			o := unshard.Options{NoOptimizer: i%3 == 1}
			if i%3 == 2 {
				o.DType = tensor.BFloat16
			}
			made := unsharded(t, dir, o)
			v := verified(t, dir, made)
			optim := strings.Join(v.Warnings, "\n") == "" && v.Moments > 0
			if !v.Same() || v.Step != 3 || v.Tensors <= v.Moments || optim == o.NoOptimizer {
				t.Errorf("%s: %+v", filepath.Base(dir), v)
			}
		})
	}
}

// pair is a checkpoint, and the unsharded folder made of it.
type pair struct{ source, made string }

// flip turns a bit of a tensor of a checkpoint.
func flip(t *testing.T, dir string, choose func(c *native.Checkpoint) *sharded.Tensor) {
	t.Helper()
	c, err := native.Open(context.Background(), dir)
	must(t, err)
	file, at := choose(c).ByteOf(1)
	text := readFile(t, file.Path)
	text[at] ^= 1
	writeFile(t, file.Path, text)
}

func firstWeight(c *native.Checkpoint) *sharded.Tensor { return c.Model[0] }

func firstMoment(c *native.Checkpoint) *sharded.Tensor { return c.Optim[c.Model[0].Name]["exp_avg"] }

func loseRank(t *testing.T, dir string) { must(t, os.Remove(filepath.Join(dir, "rank1.pt"))) }

// remove removes a file of the folder.
func remove(name string) func(t *testing.T, p pair) {
	return func(t *testing.T, p pair) { must(t, os.Remove(filepath.Join(p.made, name))) }
}

// put puts a file into the folder.
func put(name string, text []byte) func(t *testing.T, p pair) {
	return func(t *testing.T, p pair) { writeFile(t, filepath.Join(p.made, name), text) }
}

// edit replaces a text in config.yaml.
func edit(old, replacement string) func(t *testing.T, p pair) {
	return func(t *testing.T, p pair) {
		path := filepath.Join(p.made, olmo.ConfigFile)
		text := string(readFile(t, path))
		if !strings.Contains(text, old) {
			t.Fatalf("no %s in %s", old, text)
		}
		writeFile(t, path, []byte(strings.Replace(text, old, replacement, 1)))
	}
}

// train is a train.pt of another step.
func train(t *testing.T, step int64) []byte {
	state := olmo.TrainState()
	for i := range state {
		if state[i].Key == "global_step" {
			state[i].Value = step
		}
	}
	text, err := torchfile.Bytes("train", state)
	must(t, err)
	return text
}

// TestVerifyDamagedCheckpoint damages a checkpoint, or what was made of it, in one place.
func TestVerifyDamagedCheckpoint(t *testing.T) {
	root := filepath.Join(fixtures.Extract(t), "olmo")
	good := pair{filepath.Join(root, "t215-torch_legacy", "step3"), ""}
	good.made = unsharded(t, good.source, unshard.Options{})
	lion := unsharded(t, filepath.Join(root, "t215-lion_legacy"), unshard.Options{})
	noManifest := remove(folder.ManifestFile)
	const weight = "transformer.blocks.0.att_proj.weight"
	checkCases(t, good, map[string]damageCase{
		"nothing":     {changes{}, nil},
		"no manifest": {changes{noManifest}, nil},
		"weight": {changes{func(t *testing.T, p pair) { flip(t, p.made, firstWeight) }},
			[]string{weight + " of rank0.pt differs: element 1 of model.pt"}},
		"moment": {changes{noManifest, func(t *testing.T, p pair) { flip(t, p.made, firstMoment) }},
			[]string{weight + ".exp_avg of rank0.pt differs: element 1 of optim.pt"}},
		"weight of the source": {changes{func(t *testing.T, p pair) { flip(t, p.source, firstWeight) }},
			[]string{"rank0.pt: " + weight + ": the checksum of its record"}},
		"moment of the source": {changes{func(t *testing.T, p pair) { flip(t, p.source, firstMoment) }},
			[]string{"rank0.pt: " + weight + ".exp_avg: the checksum of its record"}},
		"rank of the source": {changes{func(t *testing.T, p pair) { loseRank(t, p.source) }},
			[]string{"lacks the files of 1 of"}},
		"lost moments": {changes{put(olmo.OptimizerFile, readFile(t, filepath.Join(lion, olmo.OptimizerFile)))},
			[]string{weight + ".exp_avg_sq of " + weight + ".exp_avg_sq is missing",
				"optim.pt: param_groups[0].eps: expected 1e-05, found missing"}},
		"lost optimizer": {changes{remove(olmo.OptimizerFile)},
			[]string{"optim.pt: : expected the optimizer's state, found missing"}},
		"no optimizer, no manifest": {changes{noManifest, remove(olmo.OptimizerFile)},
			[]string{"has no optimizer's state: the model alone was compared"}},
	})
}

// TestVerifyFilesBeside changes the files beside the tensors.
func TestVerifyFilesBeside(t *testing.T) {
	good := pair{filepath.Join(fixtures.Extract(t), "olmo", "t215-torch_legacy", "step3"), ""}
	good.made = unsharded(t, good.source, unshard.Options{})
	checkCases(t, good, map[string]damageCase{
		"another step": {changes{put(olmo.TrainFile, train(t, 4))},
			[]string{"train.pt: global_step: expected 3, found 4", "train.pt: world_size: expected 3, found 1"}},
		"lost train.pt": {changes{remove(olmo.TrainFile)},
			[]string{"train.pt: : expected the numbers of the checkpoint, found missing"}},
		"config": {changes{edit("n_heads: 2", "n_heads: 4")},
			[]string{"config.yaml: line 7: expected n_heads: 2, found n_heads: 4"}},
		"line of config": {changes{edit("seed: 29\n", "")},
			[]string{"config.yaml: line 2: expected seed: 29, found epoch: null"}},
		"tokenizer": {changes{edit("identifier: /", "identifier: /x/")},
			[]string{"config.yaml names the tokenizer /x/data"}},
		"shadow": {changes{put("optim.safetensors", nil)},
			[]string{"optim.safetensors: : expected no such file"}},
		"lost config.yaml": {changes{remove(olmo.ConfigFile)},
			[]string{"config.yaml: : expected the checkpoint's own, found missing"}},
	})
}

type changes []func(t *testing.T, p pair)

// damageCase is what is changed in a pair, and what must be said of it.
type damageCase struct {
	changes changes
	want    []string // in the differences, warnings or the error; none for the same without a warning
}

// checkCases changes copies of a pair, and compares them.
func checkCases(t *testing.T, good pair, cases map[string]damageCase) {
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p := pair{filepath.Join(t.TempDir(), "step3"), filepath.Join(t.TempDir(), "made-unsharded")}
			must(t, os.CopyFS(p.source, os.DirFS(good.source)))
			must(t, os.CopyFS(p.made, os.DirFS(good.made)))
			for _, change := range c.changes {
				change(t, p)
			}
			said := compared(p)
			for _, want := range c.want {
				if !strings.Contains(said, want) {
					t.Errorf("want %q in\n%s", want, said)
				}
			}
			if len(c.want) == 0 && said != "" {
				t.Error(said)
			}
		})
	}
}

// compared returns all that is said of a pair.
func compared(p pair) string {
	v, err := verify.Folder(context.Background(), p.source, p.made, verify.Options{Jobs: 1})
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	for _, d := range v.Differences {
		fmt.Fprintf(&b, "%s of %s %s: element %d of %s\n", d.Tensor, d.Source, d.Problem, d.Element, d.File)
	}
	for _, d := range v.Config {
		fmt.Fprintf(&b, "%s: %s: expected %s, found %s\n", d.File, d.Field, d.Expected, d.Found)
	}
	return b.String() + strings.Join(v.Warnings, "\n")
}

// TestVerifyOneBitOfOptimizer turns one bit of optim.pt at a time. No turn may pass.
func TestVerifyOneBitOfOptimizer(t *testing.T) {
	source := filepath.Join(fixtures.Extract(t), "olmo", "t22-tied_local", "step3")
	p := pair{source, unsharded(t, source, unshard.Options{})}
	path := filepath.Join(p.made, olmo.OptimizerFile)
	good := readFile(t, path)
	for at := 0; at < len(good); at += 211 {
		bad := slices.Clone(good)
		bad[at] ^= 1 << (at % 8)
		writeFile(t, path, bad)
		if said := compared(p); said == "" {
			t.Errorf("bit %d of byte %d: not seen", at%8, at)
		}
	}
}
