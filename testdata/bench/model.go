package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"hf2olmo/convert/tensor"
	"hf2olmo/keymap"
)

// A shape is that of a model of the family olmo2, or with experts of olmoe.
type shape struct {
	layers, width, heads, hidden, vocab int64
	experts                             int64 // in each layer; 0 for none
	tied                                bool
}

// olmo2 is OLMo-2-1B with fewer layers and a smaller vocabulary, of about so many
// parameters. Its tensors are as large as there, only fewer.
func olmo2(parameters int64) shape {
	s := shape{layers: 16, width: 2048, heads: 16, hidden: 8192, vocab: 100352}
	whole := s.parameters()
	s.layers = max(1, 16*parameters/whole)
	s.vocab = 64
	s.vocab += max(0, (parameters-s.parameters())/(2*s.width)/64*64)
	return s
}

// olmoe is OLMoE-1B-7B with one layer and fewer experts, of about so many parameters.
func olmoe(parameters int64) shape {
	s := shape{layers: 1, width: 2048, heads: 16, hidden: 1024, vocab: 64, experts: 8}
	s.experts += max(0, (parameters-s.parameters())/(3*s.hidden*s.width))
	return s
}

// target is the trainer that the model is converted for.
func (s shape) target() string {
	if s.experts > 0 {
		return "olmo-core"
	}
	return "olmo"
}

// sevenBillion is the shape of the dry run.
var sevenBillion = shape{layers: 32, width: 4096, heads: 32, hidden: 11008, vocab: 100352}

// wideTied is almost all embedding: one matrix of about so many parameters.
func wideTied(parameters int64) shape {
	s := shape{layers: 1, width: 2048, heads: 16, hidden: 256, vocab: 64, tied: true}
	s.vocab += max(0, (parameters-s.parameters())/s.width/64*64)
	return s
}

func (s shape) parameters() int64 {
	n := int64(0)
	for _, w := range s.weights() {
		n += w.numel()
	}
	return n
}

// A weight is one tensor of the Hugging Face model.
type weight struct {
	name   string
	shape  []int64
	turned bool // lies in the file column by column
}

func (w weight) numel() int64 {
	n, _ := tensor.Product(w.shape)
	return n
}

// weights are those that the table of the family wants for a model of this config.
func (s shape) weights() []weight {
	target, err := keymap.TargetNamed(s.target())
	if err != nil {
		panic(err)
	}
	config := s.config(tensor.Float32)
	table, err := keymap.For(target, config)
	if err != nil {
		panic(err)
	}
	plan, refusals := table.Plan(target, config, keymap.Facts{Tensors: math.MaxInt32})
	if len(refusals) > 0 {
		panic(refusals[0])
	}
	var ws []weight
	for _, t := range plan.Tensors {
		for _, part := range t.Parts {
			ws = append(ws, weight{name: part.Name, shape: part.Shape})
		}
	}
	return ws
}

func (s shape) config(dtype tensor.DType) map[string]any {
	c := map[string]any{
		"architectures": []string{"Olmo2ForCausalLM"}, "model_type": "olmo2", "dtype": dtype.String(),
		"hidden_size": s.width, "num_hidden_layers": s.layers, "num_attention_heads": s.heads,
		"num_key_value_heads": s.heads, "intermediate_size": s.hidden, "vocab_size": s.vocab,
		"max_position_embeddings": int64(4096), "rms_norm_eps": 1e-6, "hidden_act": "silu",
		"rope_parameters":     map[string]any{"rope_theta": int64(500000), "rope_type": "default"},
		"tie_word_embeddings": s.tied, "attention_bias": false, "eos_token_id": int64(0), "pad_token_id": int64(1),
	}
	if s.experts > 0 {
		c["architectures"], c["model_type"] = []string{"OlmoeForCausalLM"}, "olmoe"
		c["num_experts"], c["num_experts_per_tok"], c["rms_norm_eps"] = s.experts, int64(8), 1e-5
	}
	return c
}

// A model is one to be made in a folder.
type model struct {
	shape  shape
	dtype  tensor.DType
	format format
	shards int
	sparse bool // holes for weights
	turned bool // matrices lie column by column
}

// write makes the model: config.json, shards, and their index.
func (m model) write(folder string) error {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	if err := writeJSON(filepath.Join(folder, "config.json"), m.shape.config(m.dtype)); err != nil {
		return err
	}
	index := map[string]string{}
	for i, ws := range m.split() {
		name := fmt.Sprintf(m.format.shard, i+1, m.shards)
		for _, w := range ws {
			index[w.name] = name
		}
		if err := writeShard(filepath.Join(folder, name), m, ws); err != nil {
			return err
		}
	}
	return writeJSON(filepath.Join(folder, m.format.index),
		map[string]any{"metadata": map[string]any{}, "weight_map": index})
}

// split deals the weights out to shards of about the same size, in their order.
func (m model) split() [][]weight {
	shards := make([][]weight, m.shards)
	total, done := m.shape.parameters(), int64(0)
	for _, w := range m.shape.weights() {
		w.turned = m.turned && len(w.shape) == 2
		i := done * int64(m.shards) / total
		shards[i] = append(shards[i], w)
		done += w.numel()
	}
	return shards
}

func writeJSON(path string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o666)
}
