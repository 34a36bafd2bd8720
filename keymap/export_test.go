package keymap_test

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"hf2olmo/keymap"
)

// base is a model config of OLMo 2's kind.
func base() map[string]any {
	return map[string]any{"d_model": 16, "n_heads": 4, "n_kv_heads": 2, "n_layers": 1, "mlp_hidden_size": 48,
		"rope": true, "rope_theta": 500000, "attention_layer_norm": true, "layer_norm_type": "rms", "norm_after": true,
		"layer_norm_eps": 1e-6, "include_bias": false, "vocab_size": 90, "embedding_size": 96, "weight_tying": false,
		"eos_token_id": 1, "pad_token_id": 1, "attention_dropout": 0.0, "max_sequence_length": 64}
}

func TestExport(t *testing.T) {
	target, err := keymap.TargetNamed("olmo")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change map[string]any
		family string
		why    string // a part of the refusal, "" for none
	}{
		"olmo2": {nil, "olmo2", ""},
		"grouped": {map[string]any{"mlp_hidden_size": nil, "mlp_ratio": 4, "n_kv_heads": nil,
			"multi_query_attention": true}, "olmo2", ""},
		"llama": {map[string]any{"attention_layer_norm": false, "norm_after": false}, "llama", ""},
		"olmo": {map[string]any{"attention_layer_norm": false, "norm_after": false, "layer_norm_type": "low_precision",
			"layer_norm_with_affine": false, "layer_norm_eps": 1e-5, "clip_qkv": 8.0}, "olmo", ""},
		"rms and clip": {map[string]any{"clip_qkv": 8.0}, "", "nearest is olmo2, but clip_qkv is 8 (olmo2: null)"},
		"biases": {map[string]any{"include_bias": true}, "",
			"include_bias is true (olmo2: false), bias_for_layer_norm is true"},
		"gelu":     {map[string]any{"activation_type": "gelu"}, "", "activation_type is gelu (olmo2: swiglu)"},
		"alibi":    {map[string]any{"alibi": true, "rope": false}, "", "alibi is true (olmo2: false), rope is false"},
		"pre-norm": {map[string]any{"norm_after": false}, "", "norm_after is false (olmo2: true)"},
		"affine": {map[string]any{"attention_layer_norm": false, "norm_after": false, "layer_norm_type": "default"}, "",
			"layer_norm_type is default (llama: rms)"},
	} {
		config := base()
		maps.Copy(config, c.change)
		export, refusals := target.Export(config, "float32", keymap.Facts{Tensors: 12})
		switch {
		case c.why == "" && (export == nil || export.Family != c.family):
			t.Errorf("%s: %+v, %v", name, export, refusals)
		case c.why != "" && (export != nil || len(refusals) != 1 || !strings.Contains(refusals[0].Because, c.why)):
			t.Errorf("%s: %v, want %q", name, refusals, c.why)
		}
	}
}

// TestInexact: what transformers does otherwise is said, and nothing else.
func TestInexact(t *testing.T) {
	target, err := keymap.TargetNamed("olmo")
	if err != nil {
		t.Fatal(err)
	}
	for _, full := range []bool{true, false} {
		config := base()
		maps.Copy(config, map[string]any{"rope_full_precision": full, "residual_dropout": 0.0, "embedding_dropout": 0.0})
		export, refusals := target.Export(config, "bfloat16", keymap.Facts{Tensors: 12})
		if export == nil {
			t.Fatal(refusals)
		}
		said := strings.Join(export.Inexact, "; ")
		if full && said != "" || !full && !strings.HasPrefix(said, "rope_full_precision false: ") {
			t.Errorf("%v: %q", full, said)
		}
	}
}

// TestExportedTensors: what a table fuses is cut by rows.
func TestExportedTensors(t *testing.T) {
	target, err := keymap.TargetNamed("olmo")
	if err != nil {
		t.Fatal(err)
	}
	export, refusals := target.Export(base(), "bfloat16", keymap.Facts{Tensors: 12})
	if export == nil {
		t.Fatal(refusals)
	}
	piece := func(from string, first, count int64) []keymap.Piece {
		return []keymap.Piece{{From: from, First: first, Count: count}}
	}
	got := map[string]keymap.ExportedTensor{}
	for _, one := range export.Tensors {
		got[one.Name] = one
	}
	const layer, att, ff = "model.layers.0.", "transformer.blocks.0.att_proj.weight", "transformer.blocks.0.ff_proj.weight"
	for _, want := range []keymap.ExportedTensor{
		{Name: layer + "self_attn.q_proj.weight", Shape: []int64{16, 16}, Pieces: piece(att, 0, 16)},
		{Name: layer + "self_attn.k_proj.weight", Shape: []int64{8, 16}, Pieces: piece(att, 16, 8)},
		{Name: layer + "self_attn.v_proj.weight", Shape: []int64{8, 16}, Pieces: piece(att, 24, 8)},
		{Name: layer + "mlp.up_proj.weight", Shape: []int64{24, 16}, Pieces: piece(ff, 0, 24)},
		{Name: layer + "mlp.gate_proj.weight", Shape: []int64{24, 16}, Pieces: piece(ff, 24, 24)},
		{Name: "lm_head.weight", Shape: []int64{96, 16}, Pieces: piece("transformer.ff_out.weight", 0, 96)},
	} {
		if !reflect.DeepEqual(got[want.Name], want) {
			t.Errorf("%+v, want %+v", got[want.Name], want)
		}
	}
	config := map[string]any{}
	for _, s := range export.Config {
		config[s.Name] = s.Value
	}
	for name, want := range map[string]any{"model_type": "olmo2", "vocab_size": 96, "intermediate_size": 24,
		"pad_token_id": nil, "eos_token_id": 1, "rope_theta": 500000.0, "torch_dtype": "bfloat16",
		"tie_word_embeddings": false, "num_key_value_heads": 2} {
		if value, there := config[name]; !there || !reflect.DeepEqual(value, want) {
			t.Errorf("%s is %v, want %v", name, value, want)
		}
	}
}

// TestLeftOut: what a class does not have when it is trained is said in one line, and nothing of what it has.
func TestLeftOut(t *testing.T) {
	target, err := keymap.TargetNamed("olmo")
	if err != nil {
		t.Fatal(err)
	}
	mpt := map[string]any{"alibi": true, "rope": false, "activation_type": "gelu", "layer_norm_type": "default",
		"layer_norm_with_affine": true, "layer_norm_eps": 1e-5, "norm_after": false, "attention_layer_norm": false,
		"mlp_hidden_size": 64, "n_kv_heads": 4, "bias_for_layer_norm": false, "attention_layer_norm_with_affine": false}
	for _, c := range []struct {
		change map[string]any
		want   []string
	}{
		{nil, nil},
		{map[string]any{"attention_dropout": 0.1}, nil},
		{map[string]any{"attention_dropout": 0.1, "residual_dropout": 0.2, "embedding_dropout": 0.3}, []string{
			"residual_dropout 0.2, embedding_dropout 0.3: not in the exported model, which matters if it is trained"}},
		{mpt, nil},
		{map[string]any{"attention_dropout": 0.1, "residual_dropout": 0.2, "embedding_dropout": 0.3, "mpt": true}, []string{
			"attention_dropout 0.1: not in the exported model, which matters if it is trained"}},
	} {
		native := base()
		if c.change["mpt"] == true {
			maps.Copy(native, mpt)
		}
		for _, name := range []string{"attention_dropout", "residual_dropout", "embedding_dropout"} {
			native[name] = 0.0
		}
		maps.Copy(native, c.change)
		delete(native, "mpt")
		export, refusals := target.Export(native, "float32", keymap.Facts{Tensors: 12})
		if export == nil {
			t.Fatal(refusals)
		}
		if !slices.Equal(export.Inexact, c.want) {
			t.Errorf("%v (%s): %q, want %q", c.change, export.ModelType(), export.Inexact, c.want)
		}
	}
}
