package keymap

import (
	"fmt"
	"strings"
	"testing"
)

// eitherTable is llama, whose layers have a matrix under one of three names. Its let is for messages.
const eitherTable = `family: x
extends: llama
match: 'true'
let:
  kinds: '["a", "b"]'
  renamed: '"lm_head.other" in weights.shapes'
tensors:
  lm_head.weight: {either: [{when: renamed, from: lm_head.other}, lm_head.weight]}
  transformer.{layer}.attn_out.weight:
    either:
      - {when: 'kinds[i] == "a"', from: 'layers.{i}.a'}
      - {when: '("layers." + string(i) + ".c") in weights.shapes', from: 'layers.{i}.c'}
      - when: 'kinds[i] == "b" && weights.shapes["layers.0.a"][0] == 16'
        from: [{'b.{i}': ["4", "16"]}, {'c.{i}': ["12", "16"]}]
        rows: [0, 16]
`

// TestEither: what a layer is made of depends on its number, and on what the files contain.
func TestEither(t *testing.T) {
	target, err := TargetNamed("olmo")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(eitherTable, "lm_head.weight: {", "transformer.ff_out.weight: {")
	table, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	sixteen := []int64{16, 16}
	for _, c := range []struct {
		shapes map[string][]int64
		want   string
	}{
		{map[string][]int64{"layers.0.a": sixteen}, "lm_head.weight layers.0.a b.1 c.1"},
		{map[string][]int64{"layers.0.a": sixteen, "layers.1.c": sixteen}, "lm_head.weight layers.0.a layers.1.c"},
		{map[string][]int64{"lm_head.other": sixteen, "layers.1.c": sixteen}, "lm_head.other layers.0.a layers.1.c"},
		{nil, `transformer.blocks.1.attn_out.weight: when: "kinds[i] == \"b\" && weights.shapes`},
		{map[string][]int64{"layers.0.a": {15}}, "does not say where transformer.blocks.1.attn_out.weight comes from"},
	} {
		plan, refusals := table.Plan(target, smallLlama(), Facts{Tokenizer: map[string]any{}, Tensors: 30, Shapes: c.shapes})
		got := fmt.Sprint(refusals)
		if plan != nil {
			got = chosen(plan)
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%v: %s, want %s", c.shapes, got, c.want)
		}
	}
}

// chosen says which parts the tensors of the test's table have.
func chosen(plan *Plan) string {
	var words []string
	for _, tensor := range plan.Tensors {
		if strings.HasSuffix(tensor.Name, ".attn_out.weight") || tensor.Name == "transformer.ff_out.weight" {
			for _, p := range tensor.Parts {
				words = append(words, p.Name)
				if p.Rows != (RowRange{}) {
					words = append(words, fmt.Sprintf("%d:%d", p.Rows.From, p.Rows.To))
				}
			}
		}
	}
	return strings.Join(words, " ")
}

// TestPrefixedShapes: a table sees tensors by the names that it has for them.
func TestPrefixedShapes(t *testing.T) {
	facts := Facts{Tensors: 1, Shapes: map[string][]int64{"language_model.model.norm.weight": {4}}}
	seen := facts.seen([]Prefix{{Of: "language_model."}})
	met, err := compile(`weights.shapes["model.norm.weight"][0] == 4 && weights.tensors == 1`, scope{"weights": true})
	if err != nil {
		t.Fatal(err)
	}
	if is, err := met.bool(map[string]any{"weights": seen}); err != nil || !is {
		t.Error(seen, err)
	}
}
