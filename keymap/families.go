package keymap

import (
	"slices"
	"strings"
	"sync"
)

// FamiliesOf returns the families whose models hold tensors under most of these names,
// none where fewer than half of the names are theirs. Families that share the target's
// own names are left out.
func (t *Target) FamiliesOf(names []string) []string {
	counts := map[string]int{}
	most := 0
	for _, family := range Families(t.Name) {
		table, err := t.table(family)
		if err != nil || table.prefix != nil {
			continue
		}
		for _, name := range names {
			if table.knows(name) {
				counts[family]++
			}
		}
		most = max(most, counts[family])
	}
	var families []string
	for family, n := range counts {
		if n == most && 2*n > len(names) {
			families = append(families, family)
		}
	}
	slices.Sort(families)
	return families
}

// parsed are bundled tables, by target and family: to read one takes longer than to apply it.
var parsed sync.Map

// table returns a bundled table.
func (t *Target) table(family string) (*Table, error) {
	key := t.Name + "/" + family
	if table, ok := parsed.Load(key); ok {
		return table.(*Table), nil
	}
	text, err := Source(t.Name, family)
	if err != nil {
		return nil, err
	}
	table, err := Parse(text)
	if err == nil {
		parsed.Store(key, table)
	}
	return table, err
}

// knows reports whether a model of the family may hold a tensor of this name.
func (t *Table) knows(name string) bool {
	for _, sources := range t.sources {
		for _, s := range sources.parts {
			if matches(s.name, name) {
				return true
			}
		}
	}
	for _, d := range t.drop {
		if matches(d.name, name) {
			return true
		}
	}
	return false
}

// matches reports whether name is an instance of a template, in which {i} and the like
// stand for numbers.
func matches(template, name string) bool {
	before, rest, varies := strings.Cut(template, "{")
	if !varies {
		return name == template
	}
	name, ok := strings.CutPrefix(name, before)
	_, rest, _ = strings.Cut(rest, "}")
	digits := len(name) - len(strings.TrimLeft(name, "0123456789"))
	return ok && digits > 0 && matches(rest, name[digits:])
}
