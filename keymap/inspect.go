package keymap

import (
	"fmt"
	"regexp"
	"sync"

	"github.com/goccy/go-yaml"
)

// OtherPart is the part of a tensor whose name matches no pattern.
const OtherPart = "other"

// part is a part of a model and the patterns of its tensor names.
type part struct {
	name     string
	patterns []*regexp.Regexp
}

// summaryField is a fact about a model and the config fields that may state it.
type summaryField struct {
	name   string
	fields []string
}

type inspection struct {
	parts   []part
	summary []summaryField
	inside  []string
}

var inspectRules = sync.OnceValue(func() *inspection {
	text, err := files.ReadFile("inspect.yaml")
	if err == nil {
		var rules *inspection
		if rules, err = parseInspection(text); err == nil {
			return rules
		}
	}
	panic(fmt.Sprintf("inspect.yaml: %v", err)) // it is bundled, and a test reads it
})

func parseInspection(text []byte) (*inspection, error) {
	var y struct {
		Parts   yaml.MapSlice `yaml:"parts"`
		Summary yaml.MapSlice `yaml:"summary"`
		Inside  []string      `yaml:"inside"`
	}
	if err := yaml.UnmarshalWithOptions(text, &y, yaml.Strict()); err != nil {
		return nil, err
	}
	rules := &inspection{inside: y.Inside}
	for _, item := range y.Parts {
		p := part{name: fmt.Sprint(item.Key)}
		var patterns []string
		if err := remarshal(item.Value, &patterns); err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		for _, pattern := range patterns {
			compiled, err := regexp.Compile(pattern)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", p.name, err)
			}
			p.patterns = append(p.patterns, compiled)
		}
		rules.parts = append(rules.parts, p)
	}
	for _, item := range y.Summary {
		f := summaryField{name: fmt.Sprint(item.Key)}
		if err := remarshal(item.Value, &f.fields); err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		rules.summary = append(rules.summary, f)
	}
	return rules, nil
}

// Parts returns the names of a model's parts in the order of inspect.yaml, OtherPart last.
func Parts() []string {
	var names []string
	for _, p := range inspectRules().parts {
		names = append(names, p.name)
	}
	return append(names, OtherPart)
}

// PartOf returns the part of a model that a tensor belongs to by its name, in OLMo's
// naming or in Hugging Face's.
func PartOf(tensor string) string {
	for _, p := range inspectRules().parts {
		for _, pattern := range p.patterns {
			if pattern.MatchString(tensor) {
				return p.name
			}
		}
	}
	return OtherPart
}

// Summary returns the main facts of a config, always the same in the same order; nil for
// those that the config does not state.
func Summary(config map[string]any) []Setting {
	rules := inspectRules()
	places := []map[string]any{config}
	for _, name := range rules.inside {
		if inner, ok := config[name].(map[string]any); ok {
			places = append(places, inner)
		}
	}
	var summary []Setting
	for _, f := range rules.summary {
		summary = append(summary, Setting{f.name, firstOf(places, f.fields)})
	}
	return summary
}

func firstOf(places []map[string]any, fields []string) any {
	for _, place := range places {
		for _, name := range fields {
			switch v := place[name].(type) {
			case nil, map[string]any, []any: // no plain value
			default:
				return v
			}
		}
	}
	return nil
}
