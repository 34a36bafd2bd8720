package keymap_test

import (
	"fmt"
	"log"
	"os"
	"strings"
	"testing"

	"hf2olmo/keymap"
)

// exaone is the config.json of a small EXAONE 4 model.
func exaone() map[string]any {
	return map[string]any{
		"model_type": "exaone4", "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
		"num_key_value_heads": 2, "intermediate_size": 64, "vocab_size": 96,
		"max_position_embeddings": 128, "sliding_window": nil,
	}
}

// A table of one's own is applied to a config: the plan has the trainer's config, and what each tensor is made of.
func Example() {
	table, err := keymap.Parse([]byte(`
family: exaone4
extends: olmo-core/olmo2
fields:
  sliding_window: int? = 4096
config:
  qk_norm: '"head"'
`))
	if err != nil {
		log.Fatal(err)
	}
	target, err := keymap.TargetNamed(table.Target)
	if err != nil {
		log.Fatal(err)
	}
	facts := keymap.Facts{Tokenizer: map[string]any{"eos_token_id": 1}, Tensors: 25}
	plan, refusals := table.Plan(target, exaone(), facts)
	fmt.Println(plan.Family, len(plan.Tensors), refusals)
	for _, tensor := range plan.Tensors {
		if strings.HasPrefix(tensor.Name, "blocks.0.attention.q_norm") {
			fmt.Println(tensor.Name, tensor.Shape, "from", tensor.Parts[0].Name)
		}
	}
	// Output:
	// exaone4 25 []
	// blocks.0.attention.q_norm.weight [8] from model.layers.0.self_attn.q_norm.weight
}

// A model that the trainer cannot express is refused, with all reasons at once.
func ExampleTable_Plan() {
	target, err := keymap.TargetNamed("olmo")
	if err != nil {
		log.Fatal(err)
	}
	config := exaone()
	config["model_type"], config["mlp_bias"], config["hidden_act"] = "llama", true, "relu"
	table, err := keymap.For(target, config)
	if err != nil {
		log.Fatal(err)
	}
	_, refusals := table.Plan(target, config, keymap.Facts{Tokenizer: map[string]any{"eos_token_id": 1}, Tensors: 25})
	for _, r := range refusals {
		fmt.Println(r.File+":", r.Because)
	}
	// Output:
	// config.json: mlp_bias: OLMo has biases on all linear layers or on none
	// config.json: hidden_act relu: OLMo gates with silu only
}

// TestReadme applies the table of README.md.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```yaml\n")
	own, _, _ := strings.Cut(rest, "```")
	table, err := keymap.Parse([]byte(own))
	if err != nil {
		t.Fatal(err)
	}
	target, err := keymap.TargetNamed(table.Target)
	if err != nil {
		t.Fatal(err)
	}
	facts := keymap.Facts{Tokenizer: map[string]any{"eos_token_id": 1}, Tensors: 25}
	config := exaone()
	config["sliding_window_pattern"] = 0
	plan, refusals := table.Plan(target, config, facts)
	if plan == nil || len(plan.Tensors) != 25 || len(refusals)+len(plan.Unknown) > 0 {
		t.Errorf("%+v %v", plan, refusals)
	}
	delete(config, "sliding_window")
	_, refusals = table.Plan(target, config, facts)
	if len(refusals) != 1 || !strings.Contains(refusals[0].Because, "without windows") {
		t.Errorf("a model with windows: %v", refusals)
	}
}
