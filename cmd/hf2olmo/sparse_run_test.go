package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hf2olmo/convert/olmo"
	"hf2olmo/convert/pickle"
	"hf2olmo/convert/torchfile"
)

// sparseRun is a checkpoint of allenai/OLMo that ranks saved through ai2-olmo-core 0.1.0, with the moments of AdamW.
// All is zero, and takes no space on the disk.
type sparseRun struct {
	ranks, layers, width, heads, mlp, vocabulary int64
}

// sparsePart is a tensor of the checkpoint. A small one is not cut, and has content.
type sparsePart struct {
	name    string
	dtype   string
	shape   []int64
	content []byte
}

// write writes the checkpoint's folder, which is called step1000.
func (s sparseRun) write(t *testing.T, dir string) {
	t.Helper()
	names := []string{}
	var model, optim []sparsePart
	add := func(name string, shape ...int64) {
		names = append(names, name)
		model = append(model, sparsePart{name, "F32", shape, nil})
		state := "state." + name + ".__"
		step := binary.LittleEndian.AppendUint32(nil, 0x447a0000) // 1000
		optim = append(optim, sparsePart{state + "step", "F32", nil, step},
			sparsePart{state + "exp_avg", "F32", shape, nil}, sparsePart{state + "exp_avg_sq", "F32", shape, nil})
	}
	add("transformer.wte.weight", s.vocabulary, s.width)
	for i := range s.layers {
		block := fmt.Sprintf("transformer.blocks.%d.", i)
		add(block+"att_proj.weight", 3*s.width, s.width)
		add(block+"attn_out.weight", s.width, s.width)
		add(block+"ff_proj.weight", 2*s.mlp, s.width)
		add(block+"ff_out.weight", s.width, s.mlp)
	}
	add("transformer.ff_out.weight", s.vocabulary, s.width)
	var list []any
	for _, name := range names {
		list = append(list, name)
	}
	group, err := pickle.Marshal(pickle.Dict{{Key: "param_names", Value: list}, {Key: "lr", Value: 1e-3},
		{Key: "betas", Value: pickle.Tuple{0.9, 0.95}}, {Key: "weight_decay", Value: 0.1}}, nil)
	must(t, err)
	optim = append(optim, sparsePart{"param_group0", "U8", []int64{int64(len(group))}, group})
	s.writeParts(t, filepath.Join(dir, "model"), model)
	s.writeParts(t, filepath.Join(dir, "optim"), optim)
	must(t, os.Mkdir(filepath.Join(dir, "train"), 0o777))
	state := olmo.TrainState()
	for i := range state {
		switch state[i].Key {
		case "global_step":
			state[i].Value = int64(1000)
		case "world_size":
			state[i].Value = s.ranks
		}
	}
	text, err := torchfile.Bytes("train", state)
	must(t, err)
	for r := range s.ranks {
		must(t, os.WriteFile(filepath.Join(dir, "train", fmt.Sprintf("rank%d.pt", r)), text, 0o666))
	}
	config := fmt.Sprintf("model:\n  d_model: %d\n  n_heads: %d\n  n_layers: %d\n  mlp_hidden_size: %d\n"+
		"  vocab_size: %d\n  embedding_size: %d\n  activation_type: swiglu\n  rope: true\n"+
		"  include_bias: false\n  layer_norm_type: default\n"+
		"  layer_norm_with_affine: false\n  attention_layer_norm: false\n  weight_tying: false\ntokenizer:\n"+
		"  identifier: allenai/dolma2-tokenizer\n", s.width, s.heads, s.layers, 2*s.mlp, s.vocabulary, s.vocabulary)
	must(t, os.WriteFile(filepath.Join(dir, "config.yaml"), []byte(config), 0o666))
}

// writeParts writes the index of tensors, and the file of each rank.
func (s sparseRun) writeParts(t *testing.T, dir string, parts []sparsePart) {
	t.Helper()
	must(t, os.MkdirAll(dir, 0o777))
	index := map[string]any{}
	for _, p := range parts {
		files := map[string]any{}
		for r := range s.ranks {
			if from, to := s.share(p, r); r == 0 || p.content == nil {
				files[fmt.Sprintf("rank_%d.safetensors", r)] = map[string]any{
					"flattened_offsets": [][2]int64{{from, to}}}
			}
		}
		index[p.name] = map[string]any{"shape": append([]int64{}, p.shape...), "dtype": p.dtype,
			"shard_spec_per_file": files}
	}
	writeTestJSON(t, filepath.Join(dir, "metadata.json"), map[string]any{"tensors": index})
	for r := range s.ranks {
		s.writeRank(t, filepath.Join(dir, fmt.Sprintf("rank_%d.safetensors", r)), parts, r)
	}
}

// share is which elements of a tensor a rank has.
func (s sparseRun) share(p sparsePart, rank int64) (from, to int64) {
	n := int64(1)
	for _, d := range p.shape {
		n *= d
	}
	if p.content != nil {
		return 0, n
	}
	return n * rank / s.ranks, n * (rank + 1) / s.ranks
}

func (s sparseRun) writeRank(t *testing.T, path string, parts []sparsePart, rank int64) {
	t.Helper()
	var header, contents []string
	size := int64(0)
	for _, content := range []bool{true, false} { // what is not sparse comes first
		for _, p := range parts {
			if (p.content != nil) != content || content && rank > 0 {
				continue
			}
			from, to := s.share(p, rank)
			bytes := (to - from) * 4
			if p.dtype == "U8" {
				bytes = to - from
			}
			header = append(header, fmt.Sprintf(`%q:{"dtype":%q,"shape":[%d],"data_offsets":[%d,%d]}`, p.name, p.dtype,
				to-from, size, size+bytes))
			size += bytes
			contents = append(contents, string(p.content))
		}
	}
	text := "{" + strings.Join(header, ",") + "}"
	head := string(binary.LittleEndian.AppendUint64(nil, uint64(len(text)))) + text
	must(t, os.WriteFile(path, []byte(head+strings.Join(contents, "")), 0o666))
	must(t, os.Truncate(path, int64(len(head))+size))
}

// maxUnsharding is how much memory making an unsharded checkpoint may take, in kB.
const maxUnsharding = 64 << 10

// TestMemoryOfUnsharding plans what becomes of a 7 B model that 64 ranks saved, and copies and compares a smaller one.
func TestMemoryOfUnsharding(t *testing.T) {
	dir := t.TempDir()
	large, small := filepath.Join(dir, "large", "step1000"), filepath.Join(dir, "small", "step1000")
	sparseRun{ranks: 64, layers: 32, width: 4096, heads: 32, mlp: 11008, vocabulary: 50304}.write(t, large)
	sparseRun{ranks: 16, layers: 4, width: 512, heads: 8, mlp: 1408, vocabulary: 8192}.write(t, small)
	made := filepath.Join(dir, "made-unsharded")
	for _, args := range [][]string{
		{"convert", "--dry-run", "--json", "--quiet", "--output", filepath.Join(dir, "planned"), large},
		{"convert", "--output", made, small},
		{"verify", small, made},
	} {
		o := execute(t, args...)
		if o.status != 0 {
			t.Errorf("%q: status %d\n%s%s", args, o.status, o.stdout, o.stderr)
		}
		if o.memory > maxUnsharding && !raceDetector {
			t.Errorf("%q took %d MB", args, o.memory>>10)
		}
		t.Logf("%s: %d MB, %v", args[0], o.memory>>10, o.time)
	}
}
