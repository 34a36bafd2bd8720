package check

import (
	"fmt"
	"strings"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/omegaconf"
	"hf2olmo/keymap"
)

// checkModelSection reads `model:`, of which config.yaml must say everything.
func (c configChecks) checkModelSection() {
	v := c.config.top.Get("model")
	m, ok := v.Data.(*omegaconf.Mapping)
	if !v.There {
		c.add("config-model-missing", about{file: configFile, tensor: "model"})
		return
	}
	if !ok {
		return // reported by checkField
	}
	values, whole := c.modelValues(m)
	c.leftOut(values)
	if whole {
		c.config.model = values
	}
	c.checkTokens(values)
}

// modelValues returns the fields by type, and whether all of them are known.
func (c configChecks) modelValues(m *omegaconf.Mapping) (map[string]any, bool) {
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
			c.add("config-unknown-key/model", about{file: configFile, tensor: at}, "section", modelSection, "key", key)
			continue
		case !v.There: // ??? leaves the default
			continue
		case v.Interpolated():
			whole = false
			values[key] = nil
			c.add("config-interpolated", about{file: configFile, tensor: at, found: v.String()})
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
		if number, ok := typed.(float64); ok && omegaconf.OnlyHere.MatchString(v.Plain) && f.Kind == "float" {
			c.add("config-float", about{file: configFile, tensor: at, found: v.Plain}, "number", omegaconf.Float(number))
		}
	}
	return values, whole
}

// leftOut warns of fields whose defaults are another model's.
func (c configChecks) leftOut(values map[string]any) {
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
	c.add("config-left-out", about{file: configFile, tensor: "model"}, "count",
		fault.Plural(len(names), "field"), "fields", strings.Join(wrapped(names), "\n"))
}

// wrapped lists names on lines that fit a terminal.
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
func (c configChecks) checkTokens(values map[string]any) {
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
	if t := (tokenizerChecks{c.checker}).findTokenizer(); t.file != nil {
		vocabulary = max(vocabulary, int(t.file.Span()))
	}
	for _, name := range []string{"eos_token_id", "pad_token_id"} {
		if id, ok := whole[name].(int); ok && (id < 0 || id >= vocabulary) {
			c.add("token-outside/olmo", about{file: configFile, tensor: "model." + name,
				expected: fmt.Sprintf("0 to %d", vocabulary-1), found: fmt.Sprint(id)})
		}
	}
}
