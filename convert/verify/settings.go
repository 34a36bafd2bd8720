package verify

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"hf2olmo/convert/pickle"
	"hf2olmo/convert/sharded"
	"hf2olmo/convert/trainer"
	"hf2olmo/keymap"
)

// settings are what the optimizer of a checkpoint does with one parameter. A parameter that is fused
// in these terms may be in several groups of the checkpoint.
type settings struct {
	parameter string
	groups    []*pickle.Map
}

// group notes the groups of a parameter, by the names that its parts have in the checkpoint.
func (v *view) group(parameter string, all map[string]*pickle.Map, names ...string) {
	s := settings{parameter: parameter}
	for _, name := range names {
		if g := all[name]; g != nil && !slices.Contains(s.groups, g) {
			s.groups = append(s.groups, g)
		}
	}
	if len(s.groups) > 0 {
		v.groups = append(v.groups, s)
	}
}

// deciding are the fields of a group that decide what a step does, as torch and both trainers call them,
// with what they are if they are left out. Of the others, a trainer sets some before each step, such as
// max_grad_norm, and some say only how it is computed.
var deciding = []struct{ name, absent string }{{"lr", trainer.Missing}, {"betas", trainer.Missing},
	{"eps", trainer.Missing}, {"weight_decay", trainer.Missing}, {"amsgrad", "false"}, {"maximize", "false"}}

// optimizerFile is what the optimizer's settings are called in results.
const optimizerFile = "optimizer"

// compareSettings compares the optimizer's settings of each parameter. Those that differ in the same are
// named together.
func (c *ofAny) compareSettings() {
	others := map[string]settings{}
	for _, s := range c.found.groups {
		others[s.parameter] = s
	}
	type change struct{ field, own, found string }
	var order []change
	names, compared := map[change][]string{}, 0
	for _, own := range c.own.groups {
		found, both := others[own.parameter]
		if !both {
			continue
		}
		compared++
		for _, field := range deciding {
			d := change{field.name, own.value(field.name, field.absent), found.value(field.name, field.absent)}
			if d.own == d.found {
				continue
			}
			if names[d] == nil {
				order = append(order, d)
			}
			names[d] = append(names[d], own.parameter)
		}
	}
	for _, d := range order {
		c.Field(optimizerFile, d.field+" of "+parameters(names[d], compared), d.own, d.found)
	}
	if compared == 0 {
		c.Warn("%s or %s has no parameter groups: the optimizer's settings were not compared", c.a.path, c.b.path)
	}
}

// parameters names parameters in a few words.
func parameters(names []string, all int) string {
	switch n := len(names); {
	case n == all && n > 1:
		return "all parameters"
	case n == 1:
		return names[0]
	case n == 2:
		return names[0] + " and 1 other"
	default:
		return fmt.Sprintf("%s and %d others", names[0], n-1)
	}
}

// value is a field as people are shown it: of several groups all values, if they are not the same.
func (s *settings) value(field, absent string) string {
	var values []string
	for _, g := range s.groups {
		if v := cmp.Or(setting(g, field), absent); !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	return strings.Join(values, " and ")
}

// setting is a field of a group, "" if it is not there. That lr is a tensor in a compiled optimizer
// changes nothing: its scheduler sets it from initial_lr.
func setting(group *pickle.Map, field string) string {
	value := group.Get(field)
	if _, isTensor := value.(*pickle.Object); isTensor && field == "lr" {
		value = group.Get("initial_lr")
	}
	if value == nil {
		return ""
	}
	list := sharded.Items(value)
	if list == nil {
		return number(value)
	}
	shown := make([]string, len(list))
	for i, v := range list {
		shown[i] = number(v)
	}
	return strings.Join(shown, ", ")
}

// number is a value of a group as people are shown it: an int may be a float.
func number(value any) string {
	if n, isNumber := keymap.Number(value); isNumber {
		return worded(n)
	}
	return shownValue(value)
}
