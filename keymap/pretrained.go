package keymap

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/goccy/go-yaml"
)

// pretrained is transformers.yaml: the fields that any config.json may contain, of any family.
type pretrained struct {
	fields   []Field
	refuse   []rule
	harmless scope
	numbers  []string // members of objects
}

var anyPretrained = sync.OnceValue(func() *pretrained {
	text, err := files.ReadFile("transformers.yaml")
	if err == nil {
		var p *pretrained
		if p, err = parsePretrained(text); err == nil {
			return p
		}
	}
	panic(fmt.Sprintf("transformers.yaml: %v", err)) // it is bundled, and a test reads it
})

func parsePretrained(text []byte) (*pretrained, error) {
	var y struct {
		Fields   yaml.MapSlice `yaml:"fields"`
		Refuse   any           `yaml:"refuse"`
		Harmless [][]string    `yaml:"harmless"`
		Numbers  []string      `yaml:"numbers"`
	}
	if err := yaml.UnmarshalWithOptions(text, &y, yaml.Strict(), yaml.UseOrderedMap()); err != nil {
		return nil, err
	}
	p := &pretrained{harmless: scope{}.with(slices.Concat(y.Harmless...)...), numbers: y.Numbers}
	var err error
	if p.fields, err = parseFields(y.Fields); err != nil {
		return nil, fmt.Errorf("fields: %w", err)
	}
	if p.refuse, err = parseRules(y.Refuse, namesOf(p.fields)); err != nil {
		return nil, fmt.Errorf("refuse: %w", err)
	}
	return p, nil
}

// IsHarmless reports whether a field of config.json changes nothing of what a decoder computes
// from its tokens, whatever its family.
func IsHarmless(field string) bool { return anyPretrained().harmless[field] }

// check returns why a model of any family with this config.json cannot be converted.
func (p *pretrained) check(config map[string]any) []*Refusal {
	env, refusals := readFields(p.fields, config, source)
	if env == nil {
		return refusals
	}
	return apply(p.refuse, env)
}

// checkNumbers refuses other values in the objects that fields are, and in those inside of them, than the numbers that
// transformers computes with.
func (p *pretrained) checkNumbers(fields []Field, config map[string]any) (refusals []*Refusal) {
	for _, f := range fields {
		if f.Kind != "object" {
			continue
		}
		within, _ := f.within(config)
		object, _ := within[f.Name].(map[string]any)
		refusals = append(refusals, p.numbersOf(f.Called(), object)...)
	}
	return refusals
}

func (p *pretrained) numbersOf(called string, object map[string]any) (refusals []*Refusal) {
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if inner, ok := object[name].(map[string]any); ok && !slices.Contains(p.numbers, name) {
			refusals = append(refusals, p.numbersOf(called+"."+name, inner)...)
			continue
		}
		f := Field{Name: name, In: called, Kind: "float", Nullable: true}
		if _, err := f.convert(object[name]); err != nil && slices.Contains(p.numbers, name) {
			refusals = append(refusals, &Refusal{File: source, Because: err.Error()})
		}
	}
	return refusals
}

func hasField(fields []Field, name string) bool {
	return slices.ContainsFunc(fields, func(f Field) bool { return f.Name == name })
}
