package keymap

import "testing"

// TestParts holds the patterns against the tables: a tensor of the target and all
// those that it is made of are of one part, and none is without.
func TestParts(t *testing.T) {
	for _, b := range Tables() {
		if b.Target != "olmo" {
			continue
		}
		table, err := b.Table()
		if err != nil {
			t.Fatal(err)
		}
		for name, sources := range table.sources {
			for _, s := range sources.parts() {
				if PartOf(name) != PartOf(s.name) || PartOf(name) == OtherPart {
					t.Errorf("%s is of %s, %s of %s", name, PartOf(name), s.name, PartOf(s.name))
				}
			}
		}
	}
	target, err := TargetNamed("olmo")
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range append(target.tensors, target.layers...) {
		if PartOf(spec.name) == OtherPart {
			t.Errorf("%s is of no part", spec.name)
		}
	}
	for name, want := range map[string]string{
		"transformer.ff_out.weight":                      "head",
		"transformer.blocks.3.ff_out.weight":             "mlp",
		"transformer.block_groups.0.1.ff_out.weight":     "mlp",
		"model.transformer.blocks.0.q_proj.weight":       "attention",
		"transformer.emb_norm.weight":                    "norms",
		"model.layers.0.post_attention_layernorm.weight": "norms",
		"model.layers.9.mlp.experts.3.down_proj.weight":  "mlp",
		"transformer.h.0.attn.c_attn.weight":             "attention",
		"transformer.h.0.ln_1.weight":                    "norms",
		"vision_tower.patches.bias":                      "other",
	} {
		if got := PartOf(name); got != want {
			t.Errorf("%s is of %s, want %s", name, got, want)
		}
	}
}
