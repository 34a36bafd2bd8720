package keymap

import (
	"slices"
	"strings"
)

// FamiliesOf returns the families, of any target, whose tables use most of these tensor names, sorted, and of these
// the ones with the fewest missing tensors. It returns none if no table uses half of the names. Families whose names
// are those of a target are left out.
func FamiliesOf(names []string) (all, likeliest []string) {
	best, native := map[string]fit{}, map[string]bool{}
	most := fit{}
	for _, b := range bundledTables() {
		table, err := b.Table()
		if err == nil && table.prefix != nil {
			native[b.Family] = true
		}
		if err != nil || native[b.Family] { // the target with its own names comes first
			continue
		}
		if f := table.fit(names); 2*f.known > len(names) {
			if f.better(best[b.Family]) {
				best[b.Family] = f
			}
			if f.better(most) {
				most = f
			}
		}
	}
	for family, f := range best {
		if f.known == most.known {
			all = append(all, family)
		}
		if f == most {
			likeliest = append(likeliest, family)
		}
	}
	slices.Sort(all)
	slices.Sort(likeliest)
	return all, likeliest
}

// A fit is how well tensor names match a table.
type fit struct {
	known   int // names that a model of the family may contain
	missing int // templates that no name matches
}

func (f fit) better(than fit) bool {
	return f.known > than.known || f.known == than.known && f.missing < than.missing
}

// fit compares names with those that the table uses or drops.
func (t *Table) fit(names []string) (f fit) {
	own := map[string]bool{} // whether some name matches, by template
	for _, sources := range t.sources {
		for _, s := range sources.parts() {
			if !s.zeros {
				own[s.name] = false
			}
		}
	}
	for _, name := range names {
		known := slices.ContainsFunc(t.drop, func(d dropSpec) bool { return d.matches(name) })
		bare, had := bare(t.prefixes, name)
		if !had && len(t.prefixes) > 0 {
			bare = "" // it is rather of the model that is inside of those of this table
		}
		for template := range own {
			if matches(template, bare) {
				own[template], known = true, true
			}
		}
		if known {
			f.known++
		}
	}
	for _, met := range own {
		if !met {
			f.missing++
		}
	}
	return f
}

// matches reports whether the table drops a tensor of that name.
func (d *dropSpec) matches(name string) bool {
	return d.all && strings.HasPrefix(name, d.name) || matches(d.name, name)
}

// matches reports whether name matches a template, in which {i} and the like are numbers.
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
