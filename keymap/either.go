package keymap

import (
	"fmt"
	"slices"

	"github.com/goccy/go-yaml"
)

// choices are what a tensor of the target may be made of: the first whose condition is met is taken.
type choices []choice

type choice struct {
	when   *expression // sees what config sees, and i, the number of a layer; nil: always
	origin origin
}

// parseChoices reads what a tensor is made of: an origin, or "either:" with a list of them.
func parseChoices(value any, names, model scope) (choices, error) {
	items, _ := value.(yaml.MapSlice)
	if len(items) != 1 || items[0].Key != "either" {
		o, err := parseOrigin(value, names, model)
		return choices{{origin: o}}, err
	}
	list, _ := items[0].Value.([]any)
	if len(list) == 0 || len(list) > maxParts {
		return nil, fmt.Errorf("either: expected a list of 1 to %d", maxParts)
	}
	var all choices
	for i, item := range list {
		c, err := parseChoice(item, names, model)
		if err == nil && c.when == nil && i < len(list)-1 {
			err = fmt.Errorf("when is missing: those after it would never be taken")
		}
		if err != nil {
			return nil, fmt.Errorf("either: %d: %w", i+1, err)
		}
		all = append(all, c)
	}
	return all, nil
}

func parseChoice(item any, names, model scope) (c choice, err error) {
	items, _ := item.(yaml.MapSlice)
	if at := slices.IndexFunc(items, func(e yaml.MapItem) bool { return e.Key == "when" }); at >= 0 {
		text := fmt.Sprint(items[at].Value)
		if loop.MatchString(text) { // it would run again for every layer
			return c, fmt.Errorf("when: no any(), map() and the like here: give its result in let")
		}
		if c.when, err = compile(text, model); err != nil {
			return c, fmt.Errorf("when: %w", err)
		}
		item = slices.Delete(slices.Clone(items), at, at+1)
	}
	c.origin, err = parseOrigin(item, names, model)
	return c, err
}

// pick returns the one that is taken, nil if no condition is met. model is what conditions see.
func (all choices) pick(model map[string]any) (*origin, error) {
	for i := range all {
		if all[i].when == nil {
			return &all[i].origin, nil
		}
		met, err := all[i].when.bool(model)
		if err != nil {
			return nil, fmt.Errorf("when: %w", err)
		}
		if met {
			return &all[i].origin, nil
		}
	}
	return nil, nil
}

// parts returns the parts of all of them.
func (all choices) parts() (parts []sourceSpec) {
	for _, c := range all {
		parts = append(parts, c.origin.parts...)
	}
	return parts
}
