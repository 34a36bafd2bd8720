package sharded_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"hf2olmo/convert/hf"
	"hf2olmo/convert/sharded"
	"hf2olmo/convert/tensor"
	fixtures "hf2olmo/testdata/sharded"
)

var rankName = regexp.MustCompile(`^model_world_size_\d+_rank_(\d+)\.pt$`)

// TestStateDicts puts together what verl saved of each rank: DTensors of FSDP 2 and of
// FSDP 1 with a mesh, ShardedTensors without.
func TestStateDicts(t *testing.T) {
	root := filepath.Join(fixtures.Extract(t), "hf")
	for _, name := range []string{"verl-fsdp1-mesh-llama-tied", "verl-fsdp1-olmo2", "verl-fsdp2-qwen3"} {
		dir := filepath.Join(root, name, "global_step_5", "actor")
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		files := map[int]string{}
		for _, e := range entries {
			if m := rankName.FindStringSubmatch(e.Name()); m != nil {
				n, _ := strconv.Atoi(m[1])
				files[n] = filepath.Join(dir, e.Name())
			}
		}
		o := sharded.Opener{Context: context.Background(), Dir: dir}
		tensors, err := o.StateDicts(files)
		o.Close()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		sameAs(t, name, tensors, filepath.Join(root, name, "expected"))
	}
}

// TestDistributed puts together what accelerate saved through torch's distributed checkpoints.
func TestDistributed(t *testing.T) {
	root := filepath.Join(fixtures.Extract(t), "hf")
	for _, name := range []string{"accelerate-fsdp1-olmo2", "accelerate-fsdp2-llama"} {
		dir := filepath.Join(root, name, "checkpoint-5", "pytorch_model_fsdp_0")
		o := sharded.Opener{Dir: dir}
		tensors, _, err := o.Distributed(dir)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, full := range tensors {
			full.Name = strings.TrimPrefix(full.Name, "model.")
		}
		sameAs(t, name, tensors, filepath.Join(root, name, "expected"))
	}
}

// sameAs compares tensors with those of a whole model, bit for bit. A tied head may be there twice.
func sameAs(t *testing.T, name string, got []*sharded.Tensor, dir string) {
	t.Helper()
	model, err := hf.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]*tensor.Tensor{}
	for i := range model.Tensors {
		want[model.Tensors[i].Name] = &model.Tensors[i]
	}
	same := 0
	for _, full := range got {
		w := want[full.Name]
		if w == nil {
			if full.Name != "lm_head.weight" {
				t.Errorf("%s: surplus %s", name, full.Name)
			}
			continue
		}
		if !bytes.Equal(read(t, &full.Tensor), read(t, w)) {
			t.Errorf("%s: %s has other bytes", name, full.Name)
		}
		same++
	}
	if same != len(want) {
		t.Errorf("%s: %d tensors of %d", name, same, len(want))
	}
}

func read(t *testing.T, one *tensor.Tensor) []byte {
	t.Helper()
	files, err := tensor.OpenFiles([]tensor.Tensor{*one})
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	b := make([]byte, one.Bytes())
	if err := tensor.NewGatherer(files).Read(b, &tensor.Content{DType: one.DType, Parts: []*tensor.Tensor{one}},
		0); err != nil {
		t.Fatal(err)
	}
	return b
}
