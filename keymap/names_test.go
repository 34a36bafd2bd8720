package keymap

import "testing"

// TestNamesSpareTables: no tensor that a table uses is taken for a buffer, or for a sign
// of something that does not convert.
func TestNamesSpareTables(t *testing.T) {
	for _, b := range Tables() {
		table, err := b.Table()
		if err != nil {
			t.Fatal(err)
		}
		for _, source := range table.sources {
			for _, part := range source.parts() {
				if IsBuffer(part.name) || SignOf([]string{part.name}) != nil {
					t.Errorf("%s: %s", b.Name, part.name)
				}
			}
		}
	}
	target, err := TargetNamed("olmo")
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range append(target.tensors, target.layers...) {
		if name := "model." + spec.name; IsBuffer(name) || SignOf([]string{name}) != nil {
			t.Errorf("hf_olmo: %s", name)
		}
	}
}

func TestBuffers(t *testing.T) {
	for name, want := range map[string]bool{
		"model.layers.11.self_attn.rotary_emb.inv_freq":    true,
		"model.layers.0.self_attn.rotary_emb.cos_cached":   true,
		"model.layers.0.self_attn.rotary_emb._sin_cached":  true,
		"model.rotary_emb.original_inv_freq":               true,
		"model.rotary_emb_local.inv_freq":                  true,
		"model.rotary_emb.sliding_attention_inv_freq":      true,
		"model.rotary_embs.full_attention.inv_freq":        true,
		"model.layers.0.self_attn.masked_bias":             true,
		"model.layers.0.self_attn.bias":                    true,
		"model.transformer.blocks.0.rotary_emb.inv_freq":   true,
		"model.causal_mask":                                true,
		"model.embed_tokens.embed_scale":                   true,
		"model.position_ids":                               true,
		"model.layers.0.self_attn.q_proj.bias":             false,
		"model.transformer.blocks.0.attn_out.bias":         false,
		"model.layers.0.self_attn.rotary_emb.inv_freq.old": false,
	} {
		if IsBuffer(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}

func TestSigns(t *testing.T) {
	for name, want := range map[string]string{
		"base_model.model.model.layers.0.self_attn.q_proj.lora_A.default.weight": "an adapter (LoRA, PEFT)",
		"model.layers.0.self_attn.q_proj.base_layer.weight":                      "an adapter (LoRA, PEFT)",
		"model.layers.0.self_attn.q_proj.lora_magnitude_vector.default":          "an adapter (LoRA, PEFT)",
		"model.layers.0.mlp.down_proj.qweight":                                   "the weights are quantized",
		"model.layers.0.mlp.down_proj.weight.quant_state.bitsandbytes__nf4":      "the weights are quantized",
		"model.layers.0.mlp.down_proj.weight_scale_inv":                          "the weights are quantized",
		"_fsdp_wrapped_module._flat_param":                                       "the file contains the flat parameters",
		"model.layers.0._fsdp_wrapped_module.mlp.down_proj.weight":               "wrapper names",
		"v_head.summary.weight":                                                  "the model has a value head",
		"score.weight":                                                           "the model is a reward model",
		"model.vision_tower.encoder.layers.0.mlp.fc1.weight":                     "the model is multimodal",
		"mtp.layers.0.mlp.down_proj.weight":                                      "the model has layers that predict",
		"medusa_head.0.0.linear.weight":                                          "the model has layers that predict",
		"layers.0.attention.wq.weight":                                           "the tensor names are the vendor's",
		"model.layers.0.self_attention.query_key_value.weight":                   "the tensor names are Megatron",
		"model.layers.0.mlp.down_proj.weight":                                    "",
		"module.model.layers.0.mlp.down_proj.weight":                             "",
	} {
		s := SignOf([]string{"x", name})
		if want == "" && s != nil || want != "" && (s == nil || len(s.Is) < len(want) || s.Is[:len(want)] != want) {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestTypeOfArchitecture(t *testing.T) {
	for class, want := range map[string]string{
		"LlamaForCausalLM":     "llama",
		"Olmo2ForCausalLM":     "olmo2",
		"OLMoForCausalLM":      "olmo",
		"OLMoModelForCausalLM": "olmo",
		"Olmo3ForCausalLM":     "olmo3",
		"Gemma3ForCausalLM":    "gemma3_text", "FlexOlmoForCausalLM": "flex_olmo", "OlmoeForCausalLM": "olmoe",
		"Qwen3ForCausalLM":               "qwen3",
		"Olmo1124ForCausalLM":            "olmo_1124",
		"Olmo2RetrofitForCausalLM":       "olmo2-retrofit",
		"MistralModel":                   "mistral",
		"LlamaForSequenceClassification": "llama",
		"Nothing":                        "",
	} {
		if _, got := typeOfArchitecture(map[string]any{"architectures": []any{nil, class}}); got != want {
			t.Errorf("%s: %q", class, got)
		}
	}
}
