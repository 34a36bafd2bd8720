package keymap

import (
	"encoding/json"
	"testing"
	"time"
)

// FuzzKeymap reads whatever table, and applies it to whatever config: it ends soon,
// and plans nothing that the target does not have.
func FuzzKeymap(f *testing.F) {
	const config = `{"model_type":"llama","hidden_size":16,"num_hidden_layers":2,"num_attention_heads":4,
"num_key_value_heads":2,"intermediate_size":48,"vocab_size":104,"rope_scaling":{"type":"linear","factor":2.0},
"layer_types":["full_attention","full_attention"],"text_config":{"hidden_size":16,"num_hidden_layers":2}}`
	for _, b := range Tables() {
		f.Add(b.text, []byte(config))
	}
	for _, c := range hostileTables {
		f.Add([]byte(c.text), []byte(config))
	}
	for text := range origins {
		const more = "\ninside: text_config\nprefixes: {model.: ''}\ndrop: {vision.*: {}}\n"
		f.Add([]byte(attOut+"    "+text+more), []byte(config))
	}
	f.Fuzz(func(t *testing.T, text, config []byte) {
		start := time.Now()
		var values map[string]any
		if json.Unmarshal(config, &values) != nil || len(config) > 1<<16 {
			return
		}
		if match, err := readMatch(text); err == nil {
			match.bool(map[string]any{"config": values})
		}
		table, err := Parse(text)
		if err == nil {
			target, err := TargetNamed(table.Target)
			if err != nil {
				t.Fatal(err)
			}
			plan, refusals := table.Plan(target, values, Facts{Tokenizer: map[string]any{"vocab_size": 91}, Tensors: 100})
			if plan == nil && len(refusals) == 0 {
				t.Error("neither a plan nor a reason")
			}
			if plan != nil && len(plan.Tensors) > 10_000 {
				t.Errorf("%d tensors planned where the files hold 100", len(plan.Tensors))
			}
			if plan != nil {
				plan.turn()
			}
		}
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("took %v", took)
		}
	})
}
