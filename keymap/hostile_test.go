package keymap

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const start = "family: x\ntarget: olmo\nmatch: 'true'\n"

// hostileTables are tables that would keep a reader busy or fill its memory, and
// words from what is said of them.
var hostileTables = map[string]struct{ text, want string }{
	"aliases":    {"a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n", "line 1: anchors, aliases"},
	"merge":      {start + "let:\n  <<: {a: 1}\n", "anchors, aliases"},
	"tag":        {start + "let:\n  a: !!binary aGVsbG8=\n", "anchors, aliases"},
	"brackets":   {"a: " + strings.Repeat("[", 100_000), "brackets are open"},
	"braces":     {"a: " + strings.Repeat("{a: ", 25_000), "brackets are open"},
	"dashes":     {strings.Repeat("- ", 60_000), "nested too deep"},
	"indents":    {indented(300), "nested too deep"},
	"quoted":     {"a: \"" + strings.Repeat("x\n", 60_000) + "\"", "a text of more than"},
	"large":      {strings.Repeat("#", MaxSize+1), "at most 131072"},
	"many words": {strings.Repeat("a: 1\n", 20_000), "words: at most"},
	"twice":      {start + "family: y\n", "family"},
	"extends":    {start + "extends: x\nextends: y\n", "extends"},
	"nobody":     {start + "extends: " + strings.Repeat("x", 4000) + "\n", "there is no table"},
	"unknown":    {start + "system: rm\n", "system"},
	"lines":      {start + "\"sys\\ntem\": 1\n", "unknown field \"sys\ntem\""},
	"range":      {start + "let:\n  a: len(1..999999999)\n", "memory budget exceeded"},
	"regexp":     {start + "let:\n  a: '\"x\" matches \"(a+)+$\"'\n", "the operator matches"},
	"variables":  {start + "let:\n  a: let b = \"xx\"; let c = b + b; c + c\n", "variables and sequences"},
	"loops":      {start + "let:\n  a: 'any([1], any([2], # > 1))'\n", "loops within loops"},
	"many loops": {start + "let:\n" + numbered("  a%d: 'any([1], # > 1)'\n", 20), "and the like are used 20 times"},
	"function":   {start + "let:\n  a: reduce([1], 1)\n", "reduce"},
	"long":       {start + "let:\n  a: " + strings.Repeat("1 + ", 510) + "1\n", "characters: at most"},
	"nodes":      {start + "let:\n  a: " + strings.Repeat("1+", 300) + "1\n", "nodes"},
	"names":      {start + "let:\n" + numbered("  a%d: 1\n", 300), "let: 300 entries"},
	"drops":      {start + "drop:\n" + numbered("  a.{i}.%d: {}\n", 300), "drop: 300 entries"},
	"parts":      {start + "tensors:\n  transformer.wte.weight:\n" + numbered("    - a%d: [1]\n", 20), "20 parts"},
	"file":       {start + "tensors:\n  ../../etc/passwd: x\n", `olmo has no tensor "../../etc/passwd"`},
	"text":       {start + "let:\n  a0: '\"xxxxxxxxxxxxxxxx\"'\n" + doubled(40), "makes a text of 8192 bytes"},
	"rows":       {attOut + row("[0, d_model * d_model * d_model]"), "rows 0 to 4096 of a tensor"},
	"rows of no": {attOut + row("[d_model, 1]"), "rows 16 to 1: expected the first row"},
	"half a row": {attOut + row("[0, 1.5]"), "is 1.5, not a size"},
	"overlap":    {attOut + row("[0, 8]") + row("[4, 12]"), "rows 4 to 7 are used twice"},
	"left rows": {attOut + row("[0, 8]") + row("[8, 15]") + "    - {zeros: true, shape: [1, 16]}\n",
		"rows 15 to 15 are neither used nor dropped"},
	"zeros":      {attOut + "    - {zeros: true, shape: [9000000000000000 - 1, d_model]}\n", "more than any model has"},
	"many zeros": {attOut + strings.Repeat("    - {zeros: true, shape: [1, 1]}\n", 20), "20 parts: at most 16"},
	"ways":       {attOut + permuted("{apart: [9007199254740990, 9007199254740990]}"), "of 16 rows: expected"},
	"no ways":    {attOut + permuted("{halves: [0, 0]}"), "halves [0, 0] of 16 rows"},
	"scale":      {attOut + "    {from: x, scale: 2 ** 1000}\n", "expected a number between"},
	"no scale":   {attOut + "    {from: x, scale: hidden_size - 16}\n", "is 0: expected a number"},
	"pattern":    {start + "drop: {'*': {}}\n", "expected the name of a module"},
	"prefix":     {start + "prefixes: {x: y}\n", "expected names of modules"},
	"prefixes":   {start + "prefixes:\n" + numbered("  a%d.: ''\n", 300), "prefixes: 300 entries"},
	"either":     {attOut + "    either: [" + strings.Repeat("x, ", 20) + "x]\n", "a list of 1 to 16"},
	"no either":  {attOut + "    either: []\n", "a list of 1 to 16"},
	"never":      {attOut + "    either: [x, {when: i == 1, from: y}]\n", "either: 1: when is missing"},
	"no layer":   {start + "tensors:\n  transformer.wte.weight: {either: [{when: i == 1, from: y}]}\n", "unknown name i"},
	"not met": {attOut + "    either: [{when: i == 0, from: 'y.{i}'}]\n",
		"where transformer.blocks.1.attn_out.weight comes"},
	"not a bool": {attOut + "    either: [{when: i, from: 'y.{i}'}, x]\n", "is 0, not true or false"},
	"no shape":   {attOut + "    either: [{when: 'weights.shapes[\"y\"][0] > i', from: y}, x]\n", "index out of range"},
	"loop":       {attOut + "    either: [{when: 'any(weights.shapes, false)', from: y}, x]\n", "give its result in let"},
	"every name": {"family: x\nextends: llama\nmatch: 'true'\nrefuse:\n  a: {when: 'true', because: '{weights.shapes}'}\n",
		"the shapes of 0 tensors"},
	"joined": {attOut + "    from: [" + strings.Repeat("{x: [1, 16]}, ", 20) + "]\n    rows: [0, 16]\n",
		"20 parts: at most"},
	"huge": {start + "let:\n  a: 99999999999999999999999999\n", "9"},
}

// attOut begins a table that makes a matrix of each layer of a small llama of something else.
const attOut = "family: x\nextends: llama\nmatch: 'true'\ntensors:\n  transformer.{layer}.attn_out.weight:\n"

func row(bounds string) string {
	return "    - {from: 'x.{i}', shape: [16, 16], rows: " + bounds + "}\n"
}

func permuted(by string) string {
	return "    - {from: 'x.{i}', shape: [16, 16], permute: " + by + "}\n"
}

func numbered(format string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

func doubled(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "  a%d: a%d + a%d\n", i+1, i, i)
	}
	return b.String()
}

func indented(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

// TestHostileTables holds each to what is said of it, soon.
func TestHostileTables(t *testing.T) {
	target, err := TargetNamed("olmo")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range hostileTables {
		t.Run(name, func(t *testing.T) {
			begun := time.Now()
			table, err := Parse([]byte(c.text))
			got := fmt.Sprint(err)
			if err == nil {
				_, refusals := table.Plan(target, smallLlama(), Facts{Tokenizer: map[string]any{}, Tensors: 10})
				got = fmt.Sprint(refusals)
			}
			if !strings.Contains(got, c.want) {
				t.Errorf("got %.300s, want %q in it", got, c.want)
			}
			if took := time.Since(begun); took > 2*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

func smallLlama() map[string]any {
	return map[string]any{"model_type": "llama", "hidden_size": int64(16), "num_hidden_layers": int64(2),
		"num_attention_heads": int64(4), "intermediate_size": int64(48), "vocab_size": int64(104), "eos_token_id": int64(1)}
}

// TestHostileConfigs applies a bundled table to configs that are too large for it.
func TestHostileConfigs(t *testing.T) {
	target, err := TargetNamed("olmo")
	if err != nil {
		t.Fatal(err)
	}
	layers := func(n int) []any {
		list := make([]any, n)
		for i := range list {
			list[i] = "full_attention"
		}
		return list
	}
	cases := map[string]struct {
		key   string
		value any
		want  string
	}{
		"long list":      {"layer_types", layers(100_000), "layer_types is larger than any config needs"},
		"long text":      {"hidden_act", strings.Repeat("x", 100_000), "hidden_act is larger than any config needs"},
		"deep text":      {"rope_scaling", map[string]any{"type": strings.Repeat("x", 100_000)}, "rope_scaling is larger"},
		"layers":         {"num_hidden_layers", int64(100_000), "100000 layers need more tensors than"},
		"too many each":  {"num_hidden_layers", int64(4_000), "asks for more than 11000 tensors, but"},
		"layers of 2^63": {"num_hidden_layers", int64(1<<63 - 1), "num_hidden_layers is 9223372036854775807: expected"},
		"heads of 2^52":  {"num_attention_heads", int64(1 << 52), "is not a multiple"},
		"below zero":     {"num_hidden_layers", int64(-1), "at least 1"},
		"infinite":       {"rope_theta", 1e300, "rope_theta"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			begun, config := time.Now(), smallLlama()
			config[c.key] = c.value
			table, err := For(target, config)
			if err != nil {
				t.Fatal(err)
			}
			_, refusals := table.Plan(target, config, Facts{Tokenizer: map[string]any{}, Tensors: 5000})
			if got := fmt.Sprint(refusals); !strings.Contains(got, c.want) {
				t.Errorf("got %.500s, want %q in it", got, c.want)
			}
			if took := time.Since(begun); took > 2*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// TestHostileEach has a table make parts of every tensor, which the config makes many.
func TestHostileEach(t *testing.T) {
	target, err := TargetNamed("olmo")
	if err != nil {
		t.Fatal(err)
	}
	llama, err := TableNamed("llama")
	if err != nil {
		t.Fatal(err)
	}
	source, err := llama.Text()
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []string{"embedding_rows", "d_model", "d_model * d_model", "2000 * d_model"} {
		many := `: {from: "model.x.{e}", shape: ["1", d_model], each: {e: "` + size + `"}}`
		text := string(source)
		for name, from := range map[string]string{
			"transformer.wte.weight": "model.embed_tokens.weight", "transformer.ff_out.weight": "lm_head.weight",
			"transformer.{layer}.attn_out.weight": "model.layers.{i}.self_attn.o_proj.weight",
		} {
			text = strings.Replace(text, name+": "+from, name+many, 1)
		}
		table, err := Parse([]byte(text))
		if err != nil || text == string(source) {
			t.Fatal(err)
		}
		begun := time.Now()
		_, refusals := table.Plan(target, map[string]any{
			"model_type": "llama", "hidden_size": int64(1 << 20), "num_hidden_layers": int64(90_000),
			"num_attention_heads": int64(1), "intermediate_size": int64(48), "vocab_size": int64(1 << 20),
			"eos_token_id": int64(1),
		}, Facts{Tensors: 99_000})
		if got := fmt.Sprint(refusals); !strings.Contains(got, "do not have that many tensors") {
			t.Errorf("%s: %.300s", size, got)
		}
		if took := time.Since(begun); took > time.Second {
			t.Errorf("%s: took %v", size, took)
		}
	}
}
