package keymap

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
)

// A BundledTable is a table of the binary. It is parsed once, when it is first needed: that takes
// longer than to apply it, and longer than to see by its match expression that it is not needed.
type BundledTable struct {
	Name   string // on the command line, and in extends: its family, after "TARGET/" for all targets but the first
	Target string
	Family string

	text   []byte // as it is kept, without what it extends
	match  func() (*expression, error)
	whole  func() ([]byte, error)
	parsed func() (*Table, error)
}

// Text returns the table as one complete file, comments included: what it extends is put in.
func (t *BundledTable) Text() ([]byte, error) { return t.whole() }

// flattened is Text for a table that extends this one. depth counts those that extend it in a row.
func (t *BundledTable) flattened(depth int) ([]byte, error) {
	if depth > maxExtends {
		return nil, fmt.Errorf("extends: more than %d tables in a row", maxExtends)
	}
	return t.whole()
}

// Table returns the parsed table.
func (t *BundledTable) Table() (*Table, error) { return t.parsed() }

// matches reports whether the table is for a model with this config.json.
func (t *BundledTable) matches(config map[string]any) (bool, error) {
	match, err := t.match()
	if err != nil {
		return false, err
	}
	return match.bool(map[string]any{"config": config})
}

// readMatch compiles the match expression of a table, and nothing else of it.
func readMatch(text []byte) (*expression, error) {
	var y tableYAML
	if err := unmarshal(text, &y); err != nil {
		return nil, err
	}
	return compileMatch(y.Match)
}

// Tables returns the bundled tables, by target and then by family.
func Tables() []*BundledTable { return slices.Clone(bundledTables()) }

// TableNamed returns a bundled table by its name, such as "llama", "olmo/llama" or "olmo-core/llama".
func TableNamed(name string) (*BundledTable, error) {
	for _, t := range bundledTables() {
		if name == t.Name || name == t.Target+"/"+t.Family {
			return t, nil
		}
	}
	var names []string
	for _, t := range bundledTables() {
		names = append(names, t.Name)
	}
	return nil, fmt.Errorf("there is no table %q; the tables are %s", name, strings.Join(names, ", "))
}

// Families returns the families of the bundled tables for a target, sorted.
func Families(target string) []string {
	var families []string
	for _, t := range bundledTables() {
		if t.Target == target {
			families = append(families, t.Family)
		}
	}
	return families
}

// bundled are the tables, once they were listed. (A sync.OnceValue would refer to itself: tables extend tables.)
var bundled struct {
	once   sync.Once
	tables []*BundledTable
}

func bundledTables() []*BundledTable {
	bundled.once.Do(func() { bundled.tables = listTables() })
	return bundled.tables
}

func listTables() (tables []*BundledTable) {
	for _, target := range Targets() {
		entries, _ := files.ReadDir(path.Join("tables", target))
		for _, e := range entries {
			text, err := files.ReadFile(path.Join("tables", target, e.Name()))
			if err != nil {
				panic(err) // it is in the binary
			}
			t := &BundledTable{Target: target, Family: strings.TrimSuffix(e.Name(), ".yaml"), text: text}
			if t.Name = t.Family; target != Targets()[0] {
				t.Name = target + "/" + t.Family
			}
			t.match = sync.OnceValues(func() (*expression, error) { return readMatch(text) })
			t.whole = sync.OnceValues(func() ([]byte, error) { return flatten(text, 0) })
			t.parsed = sync.OnceValues(func() (*Table, error) { return Parse(text) })
			tables = append(tables, t)
		}
	}
	return tables
}
