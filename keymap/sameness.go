package keymap

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// sameness says what two native models must have in common to compute the same.
type sameness struct {
	values  []binding
	facts   []binding // of the tokenizer, which the way in asks for
	inexact []rule    // what need not be the same, but is said
	kept    []string  // fields of the config that no config.json states, and that are taken over
	first   []string  // families that are tried first, in this order
	trained []string  // fields of the config that matter when the model is trained, and that a class may not have
	hint    string    // why it may be that no class computes a model
}

type samenessYAML struct {
	Same      yaml.MapSlice `yaml:"same"`
	Tokenizer yaml.MapSlice `yaml:"tokenizer"`
	Inexact   any           `yaml:"inexact"`
	Kept      []string      `yaml:"kept"`
	First     []string      `yaml:"first"`
	Trained   []string      `yaml:"trained"`
	Hint      string        `yaml:"hint"`
}

func parseSameness(y samenessYAML, names scope) (s sameness, err error) {
	s.hint, s.kept, s.first, s.trained = y.Hint, y.Kept, y.First, y.Trained
	if s.values, err = parseBindings(y.Same, names); err != nil {
		return s, fmt.Errorf("same: %w", err)
	}
	if s.facts, err = parseBindings(y.Tokenizer, names); err != nil {
		return s, fmt.Errorf("tokenizer: %w", err)
	}
	if s.inexact, err = parseRules(y.Inexact, names); err != nil {
		return s, fmt.Errorf("inexact: %w", err)
	}
	return s, nil
}

// parseBindings compiles expressions that see the same names, and not each other.
func parseBindings(items yaml.MapSlice, names scope) ([]binding, error) {
	var list []binding
	for _, item := range items {
		e, err := compile(fmt.Sprint(item.Value), names)
		if err != nil {
			return nil, fmt.Errorf("%v: %w", item.Key, err)
		}
		list = append(list, binding{fmt.Sprint(item.Key), e})
	}
	return list, nil
}

// tokenizer returns what is known of the tokenizer by the native config.
func (s *sameness) tokenizer(env map[string]any) map[string]any {
	facts := map[string]any{}
	for _, b := range s.facts {
		if v, err := b.value.eval(env); err == nil && v != nil {
			facts[b.name] = v
		}
	}
	return facts
}

// inOrder returns the tables in the order in which they are tried.
func (s *sameness) inOrder(tables []*BundledTable) []*BundledTable {
	rank := func(t *BundledTable) int {
		if i := slices.Index(s.first, t.Family); i >= 0 {
			return i
		}
		return len(s.first)
	}
	tables = slices.Clone(tables)
	slices.SortStableFunc(tables, func(a, b *BundledTable) int { return rank(a) - rank(b) })
	return tables
}

// keeps returns the fields that are taken over from the native config.
func (s *sameness) keeps(env map[string]any) map[string]any {
	fields := map[string]any{}
	for _, name := range s.kept {
		fields[name] = env[name]
	}
	return fields
}

// compare returns how a native model differs from one of a family of transformers, in words.
func (s *sameness) compare(native, family map[string]any, name string) ([]string, error) {
	var differences []string
	for _, b := range s.values {
		is, err := b.value.eval(native)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", b.name, err)
		}
		has, err := b.value.eval(family)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", b.name, err)
		}
		if !Equal(is, has) {
			differences = append(differences, fmt.Sprintf("%s is %s (%s: %s)", b.name, worded(is), name, worded(has)))
		}
	}
	return differences, nil
}

// leftOut says which fields that matter in training a family's model does not have as the native one has them: "" for
// none.
func (s *sameness) leftOut(native, family map[string]any) string {
	var fields []string
	for _, name := range s.trained {
		is, _ := Number(native[name])
		if has, _ := Number(family[name]); is != has {
			fields = append(fields, fmt.Sprintf("%s %v", name, is))
		}
	}
	if fields == nil {
		return ""
	}
	return strings.Join(fields, ", ") + ": not in the exported model, which matters if it is trained"
}

// Equal compares two values of configs; a whole float equals an int.
func Equal(a, b any) bool {
	x, xIs := Number(a)
	y, yIs := Number(b)
	if xIs && yIs {
		return x == y
	}
	return reflect.DeepEqual(a, b)
}

// worded is a value in a message.
func worded(v any) string {
	if v == nil {
		return "null"
	}
	return fmt.Sprint(v)
}
