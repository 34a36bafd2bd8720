package match_test

import (
	"fmt"

	"hf2olmo/convert/hf"
	"hf2olmo/convert/match"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/tensor"
)

// A model is matched for allenai/OLMo: the native tensors, and the parts of the model that each
// consists of.
func ExampleOf() {
	model, err := hf.Open("../../testdata/models/llama")
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := match.Of(model, match.Options{Target: "olmo", Trainer: olmo.Side{}, Folder: "/checkpoints/llama-unsharded"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.Family, m.DType(), m.Parameters(), "parameters; the tokenizer is", m.TokenizerName)
	for _, t := range m.Tensors[:4] {
		fmt.Println(t.Name, tensor.ShapeString(t.Shape))
		for _, part := range t.Content.Parts {
			fmt.Println("  " + part.Name)
		}
	}
	// Output:
	// llama float32 7888 parameters; the tokenizer is /checkpoints/llama-unsharded/tokenizer.json
	// transformer.wte.weight [104, 16]
	//   model.embed_tokens.weight
	// transformer.ln_f.weight [16]
	//   model.norm.weight
	// transformer.blocks.0.attn_norm.weight [16]
	//   model.layers.0.input_layernorm.weight
	// transformer.blocks.0.att_proj.weight [32, 16]
	//   model.layers.0.self_attn.q_proj.weight
	//   model.layers.0.self_attn.k_proj.weight
	//   model.layers.0.self_attn.v_proj.weight
}
