package verify

import (
	"maps"
	"slices"

	"hf2olmo/convert/native"
	"hf2olmo/keymap"
)

// compareModels compares two config.json of Hugging Face, in either spelling: by what the tables
// make of them, if a trainer has one for both, or else field by field.
func (c *ofAny) compareModels(own, found map[string]any, tensors int) {
	own, found = respelled(own), respelled(found)
	c.compareTokens(own, found)
	var differing []string
	names := maps.Clone(own)
	maps.Copy(names, found)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !same(own[name], found[name]) && (name == modelType || !keymap.IsHarmless(name)) {
			differing = append(differing, name)
		}
	}
	if len(differing) == 0 {
		return
	}
	for _, target := range keymap.Targets() {
		a, b := computed(target, own, tensors), computed(target, found, tensors)
		if a == nil || b == nil {
			continue
		}
		if same(a, b) {
			return
		}
		differing = material(own, found, differing, func(config map[string]any) map[string]any {
			return computed(target, config, tensors)
		})
		break
	}
	for _, name := range differing {
		a, inA := own[name]
		b, inB := found[name]
		c.Field(configFile, name, there(a, inA), there(b, inB))
	}
}

// modelType is the field that names the class.
const modelType = "model_type"

// respelled is a config.json in the spelling of transformers 4, as far as both can say it.
func respelled(config map[string]any) map[string]any {
	all := maps.Clone(config)
	rope, _ := config["rope_parameters"].(map[string]any)
	theta, flat := rope["rope_theta"]
	if !flat {
		return all
	}
	delete(all, "rope_parameters")
	scaling := maps.Clone(rope)
	delete(scaling, "rope_theta")
	if kind := scaling["rope_type"]; kind == "default" || kind == nil {
		scaling = nil
	}
	all["rope_theta"] = theta
	if all["rope_scaling"] = any(nil); scaling != nil {
		all["rope_scaling"] = scaling
	}
	return all
}

// computed returns what decides what a model of Hugging Face computes in a trainer, nil if it cannot
// build it.
func computed(name string, config map[string]any, tensors int) map[string]any {
	target, err := keymap.TargetNamed(name)
	plan := planFor(name, config, tensors)
	if err != nil || plan == nil {
		return nil
	}
	return plan.Computed(target, keymap.Facts{Tensors: tensors})
}

// material returns those of the fields that decide what is computed: each by itself is put in the
// place of the other's. If none decides alone, all do.
func material(own, found map[string]any, fields []string, computed func(map[string]any) map[string]any) (
	deciding []string,
) {
	is := computed(found)
	for _, name := range fields {
		changed := maps.Clone(found)
		if v, ok := own[name]; ok {
			changed[name] = v
		} else {
			delete(changed, name)
		}
		if now := computed(changed); now == nil || !same(now, is) {
			deciding = append(deciding, name)
		}
	}
	if len(deciding) == 0 {
		return fields
	}
	return deciding
}

// compareTokens compares the special tokens: that generation ends is a part of a model. Where a
// config names several, the first is enough; one that pads is none if it ends the text.
func (c *ofAny) compareTokens(own, found map[string]any) {
	ends, others := ids(own["eos_token_id"]), ids(found["eos_token_id"])
	switch {
	case len(ends) == 0 || slices.Contains(others, ends[0]):
	case len(others) == 0:
		c.Warn("%s: there is no eos_token_id; %s has %s", configFile, c.a.path, worded(own["eos_token_id"]))
	default:
		c.Field(configFile, "eos_token_id", worded(own["eos_token_id"]), worded(found["eos_token_id"]))
	}
	for _, name := range []string{"pad_token_id", "bos_token_id"} {
		a, b := own[name], found[name]
		if name == "pad_token_id" && slices.Equal(ids(a), ends) {
			a = nil
		}
		if name == "pad_token_id" && slices.Equal(ids(b), others) {
			b = nil
		}
		if a != nil && b != nil && !same(a, b) {
			c.Warn("%s: %s is %s; %s has %s", configFile, name, worded(b), c.a.path, worded(a))
		}
	}
	if c.a.kind == native.CoreTrainer || c.b.kind == native.CoreTrainer {
		return // which does not say how long its sequences may be
	}
	if name := "max_position_embeddings"; own[name] != nil && found[name] != nil && !same(own[name], found[name]) {
		c.Warn("%s: %s is %s; %s has %s", configFile, name, worded(found[name]), c.a.path, worded(own[name]))
	}
}

// ids are the numbers of a token, or of several.
func ids(v any) (all []float64) {
	list, isList := v.([]any)
	if !isList {
		list = []any{v}
	}
	for _, one := range list {
		if n, ok := keymap.Number(one); ok && n >= 0 {
			all = append(all, n)
		}
	}
	return all
}
