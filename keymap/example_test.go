package keymap_test

import (
	"fmt"
	"log"
	"os"
	"strings"
	"testing"

	"hf2olmo/keymap"
)

// river is the config.json of a small model of README.md's family.
func river() map[string]any {
	return map[string]any{
		"model_type": "river", "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
		"num_key_value_heads": 2, "head_dim": 8, "intermediate_size": 64, "vocab_size": 96,
		"max_position_embeddings": 128, "rms_norm_eps": 1e-8, "rope_theta": 1e5,
	}
}

// A table of one's own is applied to a config: the plan has the trainer's config, and what each tensor is made of.
func Example() {
	table, err := keymap.Parse([]byte(`
family: river
extends: olmo-core/llama
tensors:
  "{layer}.attention.w_q.weight":
    {from: 'model.layers.{i}.self_attn.q_proj.weight', permute: {halves: [head_dim, head_dim]}}
`))
	if err != nil {
		log.Fatal(err)
	}
	target, err := keymap.TargetNamed(table.Target)
	if err != nil {
		log.Fatal(err)
	}
	facts := keymap.Facts{Tokenizer: map[string]any{"eos_token_id": 1}, Tensors: 21}
	plan, refusals := table.Plan(target, river(), facts)
	fmt.Println(plan.Family, len(plan.Tensors), refusals)
	for _, tensor := range plan.Tensors {
		if strings.HasPrefix(tensor.Name, "blocks.0.attention.w_q") {
			fmt.Println(tensor.Name, tensor.Shape, "from", tensor.Parts[0].Name)
		}
	}
	// Output:
	// river 21 []
	// blocks.0.attention.w_q.weight [32 32] from model.layers.0.self_attn.q_proj.weight
}

// A model that the trainer cannot express is refused, with all reasons at once.
func ExampleTable_Plan() {
	target, err := keymap.TargetNamed("olmo")
	if err != nil {
		log.Fatal(err)
	}
	config := river()
	config["model_type"], config["mlp_bias"], config["hidden_act"] = "llama", true, "relu"
	table, err := keymap.For(target, config)
	if err != nil {
		log.Fatal(err)
	}
	_, refusals := table.Plan(target, config, keymap.Facts{Tokenizer: map[string]any{"eos_token_id": 1}, Tensors: 21})
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
	facts := keymap.Facts{Tokenizer: map[string]any{"eos_token_id": 1}, Tensors: 21}
	config := river()
	plan, refusals := table.Plan(target, config, facts)
	if plan == nil || len(plan.Tensors) != 21 || len(refusals)+len(plan.Unknown) > 0 {
		t.Errorf("%+v %v", plan, refusals)
	}
	config["attention_bias"] = true
	_, refusals = table.Plan(target, config, facts)
	if len(refusals) != 1 || !strings.Contains(refusals[0].Because, "without biases") {
		t.Errorf("a model with biases: %v", refusals)
	}
}
