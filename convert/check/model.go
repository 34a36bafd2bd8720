package check

import (
	"fmt"
	"strings"

	"hf2olmo/convert/omegaconf"
	"hf2olmo/keymap"
)

// checkModelSection reads `model:`, of which config.yaml must say everything.
func (c *checker) checkModelSection() {
	v := c.config.top.Get("model")
	m, ok := v.Data.(*omegaconf.Mapping)
	if !v.There {
		c.add(Finding{Code: "config-model-missing", File: configFile, Tensor: "model", Problem: "is missing",
			Trainer: "The trainer takes GPT-2's defaults for the whole model and loads something else than was saved; OLMo.from_checkpoint stops: OLMoConfigurationError: Missing key model.",
			Hint:    "Put the model: section here that the weights were made with."})
		return
	}
	if !ok {
		return // told by checkField
	}
	values, whole := c.modelValues(m)
	c.leftOut(values)
	if whole {
		c.config.model = values
	}
	c.checkTokens(values)
}

// modelValues returns the fields by type, and whether all of them are known.
func (c *checker) modelValues(m *omegaconf.Mapping) (map[string]any, bool) {
	values := map[string]any{}
	whole := true
	fields := map[string]keymap.Field{}
	for _, f := range c.target.Fields {
		fields[f.Name] = f
	}
	for _, key := range m.Keys() {
		f, known := fields[key]
		v := m.Get(key)
		at := "model." + key
		switch {
		case !known:
			c.add(Finding{Code: "config-unknown-key", File: configFile, Tensor: at, Problem: "is no field of " + modelSection,
				Trainer: fmt.Sprintf("The trainer stops: OLMoConfigurationError: Key '%s' not in '%s'.", key, modelSection),
				Hint:    "Remove it; fields of a Hugging Face config.json are called otherwise here."})
			continue
		case !v.There: // ??? leaves the default
			continue
		case v.Interpolated():
			whole = false
			values[key] = nil
			c.add(Finding{Severity: Note, Code: "config-interpolated", File: configFile, Tensor: at, Problem: "is filled in by OmegaConf, so the shapes were not compared", Found: v.String(),
				Trainer: "OLMo.from_checkpoint reads the model: section alone and stops where it leads out of it: OLMoConfigurationError: Interpolation key not found.",
				Hint:    "Write the value itself."})
			continue
		case v.Data == nil && f.Nullable:
			values[key] = nil
			continue
		}
		typed, err := v.As(f.Kind)
		if err != nil {
			whole = false
			c.wrongType(at, err.Error(), v)
			continue
		}
		values[key] = typed
		if omegaconf.OnlyHere.MatchString(v.Plain) && f.Kind == "float" {
			c.add(Finding{Severity: Warning, Code: "config-float", File: configFile, Tensor: at, Problem: "is a number to the trainer but a string to YAML 1.1, which wants a point before and a sign after the e", Found: v.Plain,
				Trainer: "The trainer reads it rightly; OLMo's own scripts, such as convert_olmo_to_hf_new.py, and everything else that reads it with PyYAML get the string.",
				Hint:    fmt.Sprintf("Write %s.", yamlFloat(typed))})
		}
	}
	return values, whole
}

// yamlFloat writes a number so that all versions of YAML read it.
func yamlFloat(v any) string {
	text := fmt.Sprint(v)
	digits, exponent, has := strings.Cut(text, "e")
	if !strings.Contains(digits, ".") {
		digits += ".0"
	}
	if !has {
		return digits
	}
	return digits + "e" + exponent
}

// leftOut warns of fields whose defaults are another model's.
func (c *checker) leftOut(values map[string]any) {
	var names []string
	for _, s := range c.target.Material(values) {
		shown := fmt.Sprint(s.Value)
		if s.Value == nil {
			shown = "null"
		}
		names = append(names, s.Name+" ("+shown+")")
	}
	if len(names) == 0 {
		return
	}
	c.add(Finding{Severity: Warning, Code: "config-left-out", File: configFile, Tensor: "model",
		Problem: fmt.Sprintf("leaves out %d fields that change what the model computes", len(names)),
		Trainer: "The trainer takes its defaults, which are GPT-2's, without a word:\n" + strings.Join(wrapped(names), "\n"),
		Hint:    "Write out the values that the weights were made with."})
}

// wrapped lists names on lines that a terminal holds.
func wrapped(names []string) []string {
	const width = 100
	lines := []string{""}
	for i, name := range names {
		if i < len(names)-1 {
			name += ","
		}
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = name
		case len(*last)+len(name) < width:
			*last += " " + name
		default:
			lines = append(lines, name)
		}
	}
	return lines
}

// checkTokens looks for special tokens outside of the vocabulary.
func (c *checker) checkTokens(values map[string]any) {
	whole := map[string]any{}
	for _, f := range c.target.Fields {
		whole[f.Name] = f.Default
	}
	for name, v := range values {
		whole[name] = v
	}
	vocabulary, ok := whole["vocab_size"].(int)
	if !ok {
		return
	}
	if t := c.findTokenizer(); t.file != nil {
		vocabulary = max(vocabulary, int(t.file.Span()))
	}
	for _, name := range []string{"eos_token_id", "pad_token_id"} {
		if id, ok := whole[name].(int); ok && (id < 0 || id >= vocabulary) {
			c.add(Finding{Severity: Warning, Code: "token-outside", File: configFile, Tensor: "model." + name,
				Problem: "lies outside of the vocabulary", Expected: fmt.Sprintf("0 to %d", vocabulary-1), Found: fmt.Sprint(id),
				Trainer: "The trainer says nothing: documents are never told apart by it, and a padded batch reads past the embedding.",
				Hint:    "Name the id that the tokenizer has for it."})
		}
	}
}
