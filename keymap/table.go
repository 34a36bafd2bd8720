package keymap

import (
	"fmt"

	"github.com/goccy/go-yaml"
)

// A Table says how models of one family are converted for a target: how the config is
// read and written, which tensors make up each of the target's, and what is not
// supported.
type Table struct {
	Family string
	Target string

	text     []byte   // as passed to Parse
	types    []string // model_types, and other texts, in match
	prefixes []Prefix
	prefix   *string // of native packaging: config.json and tensor names are the target's, with this prefix
	fields   []Field
	known    scope // fields of config.json that are read or harmless, as Called gives them
	let      []binding
	refuse   []rule
	config   map[string]*expression
	sources  map[string]choices // by the target's tensor name; both are templates
	drop     []dropSpec
	export   []binding // config.json of a native model, in order; they see the target's config and dtype
}

type tableYAML struct {
	Extends  string                   `yaml:"extends"`
	Family   string                   `yaml:"family"`
	Target   string                   `yaml:"target"`
	Match    string                   `yaml:"match"`
	Native   *struct{ Prefix string } `yaml:"native"`
	Inside   string                   `yaml:"inside"`
	Fields   yaml.MapSlice            `yaml:"fields"`
	Harmless []string                 `yaml:"harmless"`
	Let      yaml.MapSlice            `yaml:"let"`
	Refuse   any                      `yaml:"refuse"`
	Config   yaml.MapSlice            `yaml:"config"`
	Prefixes yaml.MapSlice            `yaml:"prefixes"`
	Tensors  yaml.MapSlice            `yaml:"tensors"`
	Drop     yaml.MapSlice            `yaml:"drop"`
	Export   yaml.MapSlice            `yaml:"export"`
}

// Parse reads a table and checks it against its target: every name and every
// expression. Errors say where.
func Parse(text []byte) (*Table, error) {
	y, err := readTable(text)
	if err != nil {
		return nil, err
	}
	if err := y.checkCounts(); err != nil {
		return nil, err
	}
	if y.Family == "" {
		return nil, fmt.Errorf("family is missing")
	}
	target, err := TargetNamed(y.Target)
	if err != nil {
		return nil, fmt.Errorf("target: %w", err)
	}
	t := &Table{Family: y.Family, Target: y.Target, text: text}
	for _, m := range modelType.FindAllStringSubmatch(y.Match, -1) {
		t.types = append(t.types, m[1])
	}
	if y.Native != nil {
		t.prefix = &y.Native.Prefix
	}
	if _, err = compileMatch(y.Match); err != nil { // For uses that of bundled tables
		return nil, fmt.Errorf("match: %w", err)
	}
	names, err := t.parseSource(y, target)
	if err != nil {
		return nil, err
	}
	if err := t.parseConfig(y.Config, target, names); err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	if t.prefixes, err = parsePrefixes(y.Prefixes); err != nil {
		return nil, fmt.Errorf("prefixes: %w", err)
	}
	if err := t.parseTensors(y.Tensors, target, names); err != nil {
		return nil, fmt.Errorf("tensors: %w", err)
	}
	if err := t.parseDrop(y.Drop, target); err != nil {
		return nil, fmt.Errorf("drop: %w", err)
	}
	if t.export, err = parseBindings(y.Export, target.names.with("dtype", "like")); err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	return t, nil
}

// readTable reads a table's YAML, with what it extends put in.
func readTable(text []byte) (y tableYAML, err error) {
	if err = unmarshal(text, &y, yaml.UseOrderedMap()); err != nil || y.Extends == "" {
		return y, err
	}
	if text, err = flatten(text, 0); err != nil {
		return y, err
	}
	y = tableYAML{}
	return y, unmarshal(text, &y, yaml.UseOrderedMap())
}

// parseSource reads the sections about the model's config.json. It returns the names that they define.
func (t *Table) parseSource(y tableYAML, target *Target) (scope, error) {
	var err error
	if t.fields, err = parseFields(y.Fields); err != nil {
		return nil, fmt.Errorf("fields: %w", err)
	}
	if err := placeFields(t.fields, y.Inside); err != nil {
		return nil, fmt.Errorf("fields: %w", err)
	}
	if t.prefix != nil {
		t.fields = append(t.fields, without(target.Fields, t.fields)...)
	}
	names := namesOf(t.fields)
	t.known = placed(t.fields, y.Harmless, y.Inside)
	names = names.with("tokenizer", "weights")
	if t.let, names, err = parseLet(y.Let, names); err != nil {
		return nil, fmt.Errorf("let: %w", err)
	}
	if t.refuse, err = parseRules(y.Refuse, names); err != nil {
		return nil, fmt.Errorf("refuse: %w", err)
	}
	return names, nil
}

// without returns the fields whose names are not in taken.
func without(fields, taken []Field) []Field {
	names := namesOf(taken)
	var rest []Field
	for _, f := range fields {
		if !names[f.Name] {
			rest = append(rest, f)
		}
	}
	return rest
}

func (t *Table) parseConfig(items yaml.MapSlice, target *Target, names scope) error {
	t.config = map[string]*expression{}
	known := namesOf(target.Fields)
	for _, item := range items {
		name := fmt.Sprint(item.Key)
		if !known[name] {
			return fmt.Errorf("%s has no field %q", target.Name, name)
		}
		value := fmt.Sprint(item.Value)
		if item.Value == nil {
			value = "nil"
		}
		e, err := compile(value, names)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		t.config[name] = e
	}
	return nil
}

func namesOf(fields []Field) scope {
	names := scope{}
	for _, f := range fields {
		names[f.Name] = true
	}
	return names
}

func (t *Table) parseTensors(items yaml.MapSlice, target *Target, names scope) error {
	t.sources = map[string]choices{}
	sees := map[string]scope{} // what conditions do, by the target's tensor
	for _, spec := range target.tensors {
		sees[spec.name] = names
	}
	for _, spec := range target.layers {
		sees[spec.name] = names.with("i")
	}
	for _, item := range items {
		name := fmt.Sprint(item.Key)
		if sees[name] == nil {
			return fmt.Errorf("%s has no tensor %q", target.Name, name)
		}
		source, err := parseChoices(item.Value, target.names, sees[name])
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		t.sources[name] = source
	}
	return nil
}

// A Reading is a field of config.json that a table reads, with its value or its default.
type Reading struct {
	Field
	Value any
}

// Readings returns the fields of config.json that the table reads, except those that are wrong.
func (t *Table) Readings(config map[string]any) (list []Reading) {
	for _, f := range t.fields {
		if v, err := f.read(config); err == nil {
			list = append(list, Reading{f, v})
		}
	}
	return list
}
