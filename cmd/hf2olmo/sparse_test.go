package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// sparse is a Llama of any size whose weights, all zero, take no space on the disk.
type sparse struct {
	layers, width, heads, kvHeads, mlp, vocabulary, shards int64
}

// write writes the model's folder. Tensors are distributed to the shards in turn.
func (s sparse) write(t *testing.T, dir string) {
	t.Helper()
	must(t, os.MkdirAll(dir, 0o777))
	headers := make([]map[string]any, s.shards)
	sizes := make([]int64, s.shards)
	files := map[string]string{}
	n := int64(0)
	file := func(i int64) string { return fmt.Sprintf("model-%05d-of-%05d.safetensors", i+1, s.shards) }
	add := func(name string, shape ...int64) {
		at, size := n*s.shards/s.tensors(), int64(2)
		for _, d := range shape {
			size *= d
		}
		if headers[at] == nil {
			headers[at] = map[string]any{}
		}
		headers[at][name] = map[string]any{"dtype": "BF16", "shape": shape,
			"data_offsets": []int64{sizes[at], sizes[at] + size}}
		sizes[at] += size
		files[name] = file(at)
		n++
	}
	kv := s.width / s.heads * s.kvHeads
	add("model.embed_tokens.weight", s.vocabulary, s.width)
	for i := range s.layers {
		layer := fmt.Sprintf("model.layers.%d.", i)
		add(layer+"self_attn.q_proj.weight", s.width, s.width)
		add(layer+"self_attn.k_proj.weight", kv, s.width)
		add(layer+"self_attn.v_proj.weight", kv, s.width)
		add(layer+"self_attn.o_proj.weight", s.width, s.width)
		add(layer+"mlp.gate_proj.weight", s.mlp, s.width)
		add(layer+"mlp.up_proj.weight", s.mlp, s.width)
		add(layer+"mlp.down_proj.weight", s.width, s.mlp)
		add(layer+"input_layernorm.weight", s.width)
		add(layer+"post_attention_layernorm.weight", s.width)
	}
	add("model.norm.weight", s.width)
	add("lm_head.weight", s.vocabulary, s.width)
	for i := range s.shards {
		text, err := json.Marshal(headers[i])
		must(t, err)
		text = append(text, bytes.Repeat([]byte(" "), -len(text)&7)...) // as safetensors pads it
		path := filepath.Join(dir, file(i))
		must(t, os.WriteFile(path, append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...), 0o666))
		must(t, os.Truncate(path, int64(8+len(text))+sizes[i]))
	}
	writeTestJSON(t, filepath.Join(dir, "model.safetensors.index.json"),
		map[string]any{"metadata": map[string]any{}, "weight_map": files})
	writeTestJSON(t, filepath.Join(dir, "config.json"), map[string]any{
		"architectures": []string{"LlamaForCausalLM"}, "model_type": "llama", "torch_dtype": "bfloat16",
		"hidden_size": s.width, "num_hidden_layers": s.layers, "num_attention_heads": s.heads,
		"num_key_value_heads": s.kvHeads, "intermediate_size": s.mlp, "vocab_size": s.vocabulary,
		"max_position_embeddings": 4096, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "eos_token_id": 2,
	})
}

func (s sparse) tensors() int64 { return 9*s.layers + 3 }

func writeTestJSON(t *testing.T, path string, v any) {
	t.Helper()
	text, err := json.Marshal(v)
	if err == nil {
		err = os.WriteFile(path, text, 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
}
