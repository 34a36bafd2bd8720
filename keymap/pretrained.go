package keymap

import (
	"fmt"
	"slices"
	"sync"

	"github.com/goccy/go-yaml"
)

// pretrained is what transformers.yaml says: the fields that any config.json may hold,
// whatever the family of its model.
type pretrained struct {
	fields   []Field
	refuse   []rule
	harmless scope
}

var pretrainedPage = sync.OnceValue(func() *pretrained {
	text, err := files.ReadFile("transformers.yaml")
	if err == nil {
		var page *pretrained
		if page, err = parsePretrained(text); err == nil {
			return page
		}
	}
	panic(fmt.Sprintf("transformers.yaml: %v", err)) // it is bundled, and a test reads it
})

func parsePretrained(text []byte) (*pretrained, error) {
	var y struct {
		Fields   yaml.MapSlice `yaml:"fields"`
		Refuse   any           `yaml:"refuse"`
		Harmless [][]string    `yaml:"harmless"`
	}
	if err := yaml.UnmarshalWithOptions(text, &y, yaml.Strict(), yaml.UseOrderedMap()); err != nil {
		return nil, err
	}
	page := &pretrained{harmless: scope{}.with(slices.Concat(y.Harmless...)...)}
	var err error
	if page.fields, err = parseFields(y.Fields); err != nil {
		return nil, fmt.Errorf("fields: %w", err)
	}
	if page.refuse, err = parseRules(y.Refuse, namesOf(page.fields)); err != nil {
		return nil, fmt.Errorf("refuse: %w", err)
	}
	return page, nil
}

// check returns why a model with this config.json cannot be converted, whatever its family.
func (p *pretrained) check(config map[string]any) []*Refusal {
	env, refusals := readFields(p.fields, config, source)
	if env == nil {
		return refusals
	}
	return apply(p.refuse, env)
}

// unknown returns the fields of config.json that have a value and that neither the table
// nor transformers.yaml knows, sorted: nobody has looked at what they do.
func (t *Table) unknown(config map[string]any) []string {
	page := pretrainedPage()
	var unknown []string
	for name, value := range config {
		if value != nil && !t.known[name] && !page.harmless[name] && !hasField(page.fields, name) {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return unknown
}

func hasField(fields []Field, name string) bool {
	return slices.ContainsFunc(fields, func(f Field) bool { return f.Name == name })
}
