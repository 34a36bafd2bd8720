package check_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hf2olmo/convert/check"
)

// configDamages are of config.yaml, in the form of damages.
var configDamages = []damageCase{
	{"not YAML", "", "", write("config.yaml", "model: [1, 2\n x"), "config-yaml", check.Error, "parser"},
	{"a list", "", "", write("config.yaml", "- 1\n"), "config-yaml", check.Error, "not a mapping"},
	{"a key twice", "", "", edit("config.yaml", "  d_model: 8\n", "  d_model: 8\n  d_model: 8\n"), "config-yaml",
		check.Error, "d_model"},
	{"not UTF-8", "", "", edit("config.yaml", "run_name: tiny", "run_name: \xff"), "config-yaml", check.Error, "UTF-8"},
	{"no model", "", "", write("config.yaml", "tokenizer:\n  identifier: tokenizer.json\n"),
		"config-model-missing", check.Error, "GPT-2"},
	{"model null", "", "", write("config.yaml", "model: null\n"), "config-type", check.Error, "mapping"},
	{"unknown key", "", "", edit("config.yaml", "  d_model: 8\n", "  d_model: 8\n  hidden_size: 8\n"),
		"config-unknown-key", check.Error, "Key 'hidden_size' not in 'ModelConfig'"},
	{"unknown key above", "", "", edit("config.yaml", "seed: 6198", "sead: 6198"), "config-unknown-key", check.Error,
		"Key 'sead' not in 'TrainConfig'"},
	{"unknown key elsewhere", "", "", edit("config.yaml", "  truncate_direction: right", "  direction: right"),
		"config-unknown-key", check.Error, "Key 'direction' not in 'TokenizerConfig'"},
	{"a field of main", "", "", edit("config.yaml", "seed: 6198", "seed: 6198\nsingle:\n  device: auto"),
		"config-newer", check.Note, "Key 'single' not in 'TrainConfig'"},
	{"1e-06", "", "", edit("config.yaml", "layer_norm_eps: 1.0e-06", "layer_norm_eps: 1e-06"), "config-float",
		check.Warning, "1.0e-06"},
	{"a text for a number", "", "", edit("config.yaml", "layer_norm_eps: 1.0e-06", "layer_norm_eps: small"),
		"config-type", check.Error, "OLMoConfigurationError"},
	{"a float for an int", "", "", edit("config.yaml", "rope_theta: 10000", "rope_theta: 10000.0"), "config-type",
		check.Error, "10000.0"},
	{"an int in quotes", "", "", edit("config.yaml", "rope_theta: 10000", "rope_theta: '10000'"), "", check.Note, ""},
	{"yes", "", "", edit("config.yaml", "rope: true", "rope: yes"), "", check.Note, ""},
	{"maybe", "", "", edit("config.yaml", "rope: true", "rope: maybe"), "config-type", check.Error, "maybe"},
	{"null for a bool", "", "", edit("config.yaml", "rope: true", "rope: null"), "config-type", check.Error, "null"},
	{"an unknown choice", "", "", edit("config.yaml", "precision: mixed", "precision: half"), "config-type",
		check.Error, "half"},
	{"an unknown activation", "", "", edit("config.yaml", "activation_type: swiglu", "activation_type: silu"),
		"config-model", check.Error, "silu"},
	{"heads do not divide", "", "", edit("config.yaml", "n_heads: 2", "n_heads: 3"), "config-model", check.Error,
		"not a multiple"},
	{"layers without end", "", "", edit("config.yaml", "n_layers: 1", "n_layers: 1000000000"), "config-model",
		check.Error, "1000000000 layers"},
	{"left out", "", "", edit("config.yaml", "  norm_after: true\n", ""), "config-left-out", check.Warning,
		"norm_after (false)"},
	{"left out, and shapes differ", "", "", edit("config.yaml", "  rope: true\n", ""), "tensor-missing", check.Error, ""},
	{"fewer key heads", "", "", edit("config.yaml", "n_kv_heads: 1", "n_kv_heads: 2"), "tensor-shape", check.Error,
		"silently"},
	{"not tied", "", "", edit("config.yaml", "weight_tying: true", "weight_tying: false"), "tensor-missing",
		check.Error, "KeyError"},
	{"interpolated", "", "", edit("config.yaml", "d_model: 8", "d_model: ${model.n_heads}"),
		"config-interpolated", check.Note, "Interpolation key"},
	{"another vocabulary", "", "", edit("config.yaml", "vocab_size: 91", "vocab_size: 90"), "vocab-size", check.Error,
		"vocab size mismatch between config and tokenizer"},
	{"a bundled tokenizer", "", "", edit("config.yaml", "identifier: tokenizer.json",
		"identifier: tokenizers/allenai_dolma2.json"), "vocab-size", check.Error, "100278"},
	{"vocabulary beyond the embedding", "", "", edit("config.yaml", "embedding_size: 96", "embedding_size: 90"),
		"config-model", check.Error, "larger than the embedding"},
	{"no such tokenizer", "", "", edit("config.yaml", "identifier: tokenizer.json",
		"identifier: /nowhere/tokenizer.json"), "tokenizer-missing", check.Error, "HFValidationError"},
	{"tokenizer in the folder", "", "", all(copied("models/olmo/tokenizer.json", "tokenizer.json"),
		edit("config.yaml", "identifier: tokenizer.json", "identifier: /nowhere/tokenizer.json")),
		"tokenizer-missing", check.Error, "There is one in the folder"},
	{"tokenizer of the hub", "", "", edit("config.yaml", "identifier: tokenizer.json",
		"identifier: allenai/OLMo-2-0425-1B"), "tokenizer-hub", check.Note, "LocalEntryNotFoundError"},
	{"tokenizer left out", "", "", edit("config.yaml",
		"\ntokenizer:\n  identifier: tokenizer.json\n  truncate_direction: right\n", "\n"), "tokenizer-missing",
		check.Warning, "Missing key tokenizer"},
	{"gpt2 with another vocabulary", "", "", edit("config.yaml", "identifier: tokenizer.json",
		"identifier: gpt2"), "vocab-size", check.Error, "50257"},
	{"gpt2 by default", "", "", edit("config.yaml",
		"\ntokenizer:\n  identifier: tokenizer.json\n  truncate_direction: right\n", "\n"), "vocab-size",
		check.Error, "50257"},
	{"tokenizer with an id past the embedding", "", "",
		tokenizerWith(`"<far>": 96`, "vocab_size: 91", "vocab_size: 92"), "tokenizer-ids", check.Error,
		`1 token has an id past the embedding's 96 rows: "<far>" (id 96)`},
	{"tokenizer with an id that has a row", "", "",
		tokenizerWith(`"<far>": 95`, "vocab_size: 91", "vocab_size: 92"), "", check.Note, ""},
	{"eos with an id past the count", "", "", tokenizerWith(`"<far>": 95`, "vocab_size: 91\n", "vocab_size: 92\n",
		"eos_token_id: 0", "eos_token_id: 95"), "", check.Note, ""},
	{"tokenizer with ids past two bytes", "", "",
		tokenizerWith(`"<far>": 65536`, "vocab_size: 91", "vocab_size: 92", "embedding_size: 96",
			"embedding_size: 65600"), "token-dtype", check.Warning, "two bytes at a time"},
	{"tokenizer with a token twice", "", "", tokenizerWith(`"<unk>": 5`), "tokenizer-twice", check.Warning,
		`a token twice ("<unk>")`},
	{"tokenizer that does not load", "", "", tokenizerWith(`"<bad>": 1.5`), "tokenizer-broken", check.Error,
		"the id of token"},
	{"tokenizer broken", "", "", all(write("broken.json", "{}"), func(t *testing.T, dir string) {
		edit("config.yaml", "identifier: tokenizer.json", "identifier: "+dir+"/broken.json")(t, dir)
	}), "tokenizer-broken", check.Error, "tokenizer"},
	{"eos outside", "", "", edit("config.yaml", "eos_token_id: 0", "eos_token_id: 5000"), "token-outside",
		check.Warning, "5000"},
	{"pad outside", "", "", edit("config.yaml", "pad_token_id: 1", "pad_token_id: -1"), "token-outside", check.Warning,
		"pad_token_id"},
	{"load_path not set", "", "", nil, "load-path", check.Note, "--load_path="},
	{"load_path elsewhere", "", "", edit("config.yaml", "load_path: null", "load_path: /"), "load-path", check.Warning,
		"another folder"},
	{"load_path to nothing", "", "", edit("config.yaml", "load_path: null",
		"load_path: /nowhere/step1-unsharded"), "load-path", check.Warning, "FileNotFoundError"},
	{"load_path in the cloud", "", "", edit("config.yaml", "load_path: null",
		"load_path: s3://bucket/step1-unsharded"), "load-path", check.Warning, "points elsewhere"},
	{"load_path that is filled in", "", "", edit("config.yaml", "load_path: null",
		"load_path: ${path.last_checkpoint:/x}"), "load-path", check.Note, "filled in"},
	{"try_load_latest_save", "", "", edit("config.yaml", "try_load_latest_save: false",
		"try_load_latest_save: true"), "try-load-latest", check.Note, "latest"},
	{"nested without end", "", "", write("config.yaml", "model: "+strings.Repeat("[", 1000)), "config-yaml",
		check.Error, "did not find expected node content"},
	{"nested deep", "", "", write("config.yaml", "model: "+strings.Repeat("[", 1000)+strings.Repeat("]", 1000)),
		"config-yaml", check.Error, "nested"},
	{"many values", "", "", write("config.yaml", "model: ["+strings.Repeat(",", 100001)), "config-yaml", check.Error,
		"more than 100000 values"},
}

// tokenizerWith puts a tokenizer into the folder that has one entry more, names it in config.yaml,
// and edits that too: from, to, …
func tokenizerWith(entry string, edits ...string) damage {
	return func(t *testing.T, dir string) {
		text, err := os.ReadFile("tokenizer.json")
		must(t, err)
		path := filepath.Join(dir, "tokenizer.json")
		must(t, os.WriteFile(path, []byte(strings.Replace(string(text), `"vocab":{`, `"vocab":{`+entry+",", 1)), 0o666))
		edit("config.yaml", "identifier: tokenizer.json", "identifier: "+path)(t, dir)
		for i := 0; i < len(edits); i += 2 {
			if edits[i] != "" {
				edit("config.yaml", edits[i], edits[i+1])(t, dir)
			}
		}
	}
}
