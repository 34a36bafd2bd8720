package keymap

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
)

// dropSpec is a tensor that a model may contain and the target does not have.
type dropSpec struct {
	name   string
	when   *expression    // sees the target's config; nil: always
	sameAs string         // the tensor that it must equal bit for bit, or ""
	all    bool           // all tensors whose names begin with name
	rows   *[2]expression // of it that are left out while others are used; nil: all of them
}

func (t *Table) parseDrop(items yaml.MapSlice, target *Target) error {
	for _, item := range items {
		spec := dropSpec{name: fmt.Sprint(item.Key)}
		var y struct {
			When   string   `yaml:"when"`
			SameAs string   `yaml:"same_as"`
			Rows   []string `yaml:"rows"`
		}
		if err := remarshal(item.Value, &y); err != nil {
			return fmt.Errorf("%s: %w", spec.name, err)
		}
		spec.sameAs = y.SameAs
		if bare, all := strings.CutSuffix(spec.name, "*"); all {
			spec.name, spec.all = bare, true
			if !wholeWords(bare) || strings.Contains(bare, "{") || y.SameAs != "" || len(y.Rows) > 0 {
				return fmt.Errorf("%s*: expected the name of a module and a dot before *, and neither same_as nor rows", bare)
			}
		}
		if len(y.Rows) > 0 && y.SameAs != "" {
			return fmt.Errorf("%s: rows and same_as exclude each other", spec.name)
		}
		if len(y.Rows) > 0 {
			var err error
			if spec.rows, err = compileRows(y.Rows, target.names); err != nil {
				return fmt.Errorf("%s: rows: %w", spec.name, err)
			}
		}
		if y.When != "" {
			var err error
			if spec.when, err = compile(y.When, target.names); err != nil {
				return fmt.Errorf("%s: %w", spec.name, err)
			}
		}
		t.drop = append(t.drop, spec)
	}
	return nil
}

// wholeWords reports whether what names begin with is one or more modules.
func wholeWords(beginning string) bool {
	return len(beginning) > 1 && strings.HasSuffix(beginning, ".")
}

func (t *Table) planDrops(plan *Plan, env map[string]any, layers, limit int) error {
	for _, spec := range t.drop {
		if spec.when != nil {
			if there, err := spec.when.bool(env); err != nil {
				return err
			} else if !there {
				continue
			}
		}
		if len(plan.Drop) > limit {
			return fmt.Errorf("table %s: drop: more than %d tensors", t.Family, limit)
		}
		drop := Drop{Name: spec.name, SameAs: spec.sameAs, All: spec.all}
		if spec.rows != nil {
			var err error
			if drop.Rows, err = evalRows(spec.rows, env); err != nil {
				return fmt.Errorf("table %s: drop: %s: %w", t.Family, spec.name, err)
			}
		}
		if !strings.Contains(spec.name, "{i}") {
			plan.Drop = append(plan.Drop, drop)
			continue
		}
		for i := range layers {
			drop.Name = strings.ReplaceAll(spec.name, "{i}", strconv.Itoa(i))
			plan.Drop = append(plan.Drop, drop)
		}
	}
	return nil
}
