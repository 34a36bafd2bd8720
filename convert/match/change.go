package match

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"hf2olmo/convert/fault"
	"hf2olmo/keymap"
)

// A change is a different value for one field of config.json.
type change struct {
	field     keymap.Field
	from, to  any
	ofNumbers bool // of the numbers in names, not of sizes
}

// rank orders what is tried: numbers of layers first, then the number of rows of the embedding,
// if config.json has a field of its own for it, then the vocabulary.
func (ch change) rank() int {
	switch {
	case ch.ofNumbers:
		return 0
	case ch.from == nil || strings.Contains(ch.field.Name, "embedding"):
		return 1
	}
	return 2
}

// changed returns config.json with a changed field. Lists with one entry per layer are cut or
// extended to match.
func (c *explainer) changed(ch change) map[string]any {
	config := maps.Clone(c.of.Model.Config)
	setField(config, ch.field, ch.to)
	to, _ := ch.to.(int64)
	for _, f := range c.lists(ch) {
		list := f.Value.([]any)
		more := max(0, int(to)-len(list))
		setField(config, f.Field, slices.Concat(list[:min(int(to), len(list))], slices.Repeat(list[len(list)-1:], more)))
	}
	return config
}

// setField changes a field of a config, and leaves alone the object that it may be in.
func setField(config map[string]any, f keymap.Field, value any) {
	if f.In == "" {
		config[f.Name] = value
		return
	}
	object, _ := config[f.In].(map[string]any)
	inner := maps.Clone(object)
	if inner == nil {
		inner = map[string]any{}
	}
	inner[f.Name] = value
	config[f.In] = inner
}

// lists are the fields with one entry per layer, if the change is to the number of layers.
func (c *explainer) lists(ch change) (fields []keymap.Reading) {
	for _, f := range c.of.fields {
		list, _ := f.Value.([]any)
		if ch.ofNumbers && f.Kind == "list" && len(list) > 0 && len(list) == ch.from {
			fields = append(fields, f)
		}
	}
	return fields
}

// fault words a change as what config.json should say. lists are fields that go with it.
func (ch change) fault(m *matcher, lists []keymap.Reading) *fault.Fault {
	name := ch.field.Called()
	f := &fault.Fault{File: "config.json", Hint: fmt.Sprintf("Set %s to %v in config.json.", name, ch.to)}
	switch to := ch.to.(type) {
	case bool:
		f.Problem = fmt.Sprintf("says %s %v, but the tensors are those of a model in which it is %v",
			name, ch.from, to)
		if len(m.missing) == 1 {
			f.Problem += ": " + m.missing[0] + " is missing"
		}
		f.Hint = fmt.Sprintf("If the model was trained that way, set %s to %v in config.json; "+
			"if not, save it again with all of its tensors.", name, to)
	default:
		f.Problem = fmt.Sprintf("says %s %v, but the weights have %v", name, ch.from, ch.to)
		if from, _ := ch.from.(int); ch.ofNumbers && int64(from) > ch.to.(int64) {
			f.Hint = fmt.Sprintf("If the model has %v, set %s to %v in config.json; "+
				"if not, its other weights are missing: download or save it again.", ch.to, name, ch.to)
		}
		if len(lists) > 0 {
			f.Hint += fmt.Sprintf(" Give %s %v entries then, one per layer.", called(lists), ch.to)
		}
	}
	return f
}

// called names several fields.
func called(fields []keymap.Reading) string {
	var names []string
	for _, f := range fields {
		names = append(names, f.Called())
	}
	return strings.Join(names, " and ")
}
