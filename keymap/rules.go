package keymap

import (
	"fmt"
	"slices"

	"github.com/goccy/go-yaml"
)

// rule is a reason to refuse a config.
type rule struct {
	name    string
	when    *expression
	because *text
	hint    string
}

// apply returns the refusals of the rules that are true for env; if none is, of those that cannot be evaluated: what
// is wrong with a value may be what another rule refuses.
func apply(rules []rule, env map[string]any) []*Refusal {
	var refusals, failed []*Refusal
	for _, r := range rules {
		hit, err := r.when.bool(env)
		switch {
		case err != nil:
			failed = append(failed, &Refusal{File: source, Because: err.Error()})
		case hit:
			refusals = append(refusals, &Refusal{File: source, Because: r.because.format(env), Hint: r.hint, rule: r.name})
		}
	}
	if len(refusals) == 0 {
		return failed
	}
	return refusals
}

// parseRules reads a map of named rules. A list of them, without names, is what tables had before they
// could extend each other.
func parseRules(rules any, names scope) ([]rule, error) {
	items, named := rules.(yaml.MapSlice)
	list, unnamed := rules.([]any)
	if rules != nil && !named && !unnamed {
		return nil, fmt.Errorf("expected rules by name, found %v", rules)
	}
	for i, item := range list {
		items = append(items, yaml.MapItem{Key: i + 1, Value: item})
	}
	var parsed []rule
	for _, item := range items {
		r, err := parseRule(item.Value, names)
		r.name = fmt.Sprint(item.Key)
		if err != nil {
			return nil, fmt.Errorf("%v: %w", item.Key, err)
		}
		parsed = append(parsed, r)
	}
	return parsed, nil
}

func parseRule(value any, names scope) (r rule, err error) {
	items, ok := value.(yaml.MapSlice)
	if !ok {
		return r, fmt.Errorf("expected when, because and hint")
	}
	said := map[any]string{}
	for _, item := range items {
		if !slices.Contains([]any{"when", "because", "hint"}, item.Key) {
			return r, fmt.Errorf("%v: a rule has when, because and hint", item.Key)
		}
		said[item.Key] = fmt.Sprint(item.Value)
	}
	r.hint = said["hint"]
	if r.when, err = compile(said["when"], names); err != nil {
		return r, err
	}
	r.because, err = compileText(said["because"], names)
	return r, err
}
