package keymap

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/goccy/go-yaml"
)

// readBack says how the fields of a config are read back from a nested config file.
type readBack struct {
	classes map[string]class // by name
	normal  normal
	known   []*expression          // of each layer; the shapes of other models are not known
	groups  []readingGroup         // fields that layers have; they see model, block and i
	let     []binding              // these and the rest see model, blocks, document and weights
	whole   map[string]*expression // all other fields
	refuse  []rule
	inexact []rule
}

type readBackYAML struct {
	Classes string         `yaml:"classes"` // a file
	Normal  normalYAML     `yaml:"normal"`
	Known   []string       `yaml:"known"`
	Layer   map[string]any `yaml:"layer"`
	Some    []struct {
		When   string         `yaml:"when"`
		Fields map[string]any `yaml:"fields"`
	} `yaml:"some"`
	Let     yaml.MapSlice  `yaml:"let"`
	Whole   map[string]any `yaml:"whole"`
	Refuse  any            `yaml:"refuse"`
	Inexact any            `yaml:"inexact"`
}

// modelSection is the part of a nested config file that describes the model.
const modelSection = "model"

func parseReadBack(y *readBackYAML, fields scope) (*readBack, error) {
	if y == nil {
		return nil, nil
	}
	r := &readBack{}
	var err error
	if r.classes, err = readClasses(y.Classes); err != nil {
		return nil, fmt.Errorf("%s: %w", y.Classes, err)
	}
	if r.normal, err = parseNormal(y.Normal); err != nil {
		return nil, fmt.Errorf("normal: %w", err)
	}
	ofLayer, ofAll := scope{}.with("model", "block", "i"), scope{}.with("model", "blocks", "document", "weights")
	for _, text := range y.Known {
		e, err := compile(text, ofLayer)
		if err != nil {
			return nil, fmt.Errorf("known: %w", err)
		}
		r.known = append(r.known, e)
	}
	if r.groups, err = parseGroups(y, fields, ofLayer); err != nil {
		return nil, err
	}
	if r.let, ofAll, err = parseLet(y.Let, ofAll); err != nil {
		return nil, fmt.Errorf("let: %w", err)
	}
	if r.whole, err = parseReadings(y.Whole, fields, ofAll); err != nil {
		return nil, fmt.Errorf("whole: %w", err)
	}
	if r.refuse, err = parseRules(y.Refuse, ofAll); err != nil {
		return nil, fmt.Errorf("refuse: %w", err)
	}
	if r.inexact, err = parseRules(y.Inexact, ofAll); err != nil {
		return nil, fmt.Errorf("inexact: %w", err)
	}
	return r, nil
}

// A readingGroup is fields that all layers have the same that meet a condition.
type readingGroup struct {
	when   *expression // nil: all layers
	fields map[string]*expression
}

func parseGroups(y *readBackYAML, fields, names scope) ([]readingGroup, error) {
	all, err := parseReadings(y.Layer, fields, names)
	if err != nil {
		return nil, fmt.Errorf("layer: %w", err)
	}
	groups := []readingGroup{{nil, all}}
	for _, s := range y.Some {
		var g readingGroup
		if g.when, err = compile(s.When, names); err == nil {
			g.fields, err = parseReadings(s.Fields, fields, names)
		}
		if err != nil {
			return nil, fmt.Errorf("some: %w", err)
		}
		groups = append(groups, g)
	}
	return groups, nil
}

func parseReadings(read map[string]any, fields, names scope) (map[string]*expression, error) {
	readings := map[string]*expression{}
	for _, name := range slices.Sorted(maps.Keys(read)) {
		if !fields[name] {
			return nil, fmt.Errorf("there is no field %q", name)
		}
		e, err := compile(fmt.Sprint(read[name]), names)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		readings[name] = e
	}
	return readings, nil
}

// reading is what a nested config file says.
type reading struct {
	described *described
	config    map[string]any  // the fields
	known     map[string]bool // the names of those that a layer has had
	uneven    []string        // fields that not all layers have the same; config has those of the first
	env       map[string]any  // what rules see
}

// of reads a config file of a model whose files have that many tensors.
func (r *readBack) of(document map[string]any, tensors int) (*reading, error) {
	section, _ := document[modelSection].(map[string]any)
	if section == nil {
		return nil, errors.New("describes no model: it has no section " + modelSection)
	}
	var err error
	one := &reading{config: map[string]any{}, known: map[string]bool{}}
	if one.described, err = r.describe(section, tensors); err != nil {
		return nil, err
	}
	if len(one.described.blocks) == 0 {
		return nil, fmt.Errorf("describes a model without layers: n_layers is %v", one.described.model["n_layers"])
	}
	var blocks []any
	for i, block := range one.described.blocks {
		blocks = append(blocks, block)
		env := map[string]any{"model": one.described.model, "block": block, "i": i}
		if err := one.addLayer(r.groups, env); err != nil {
			return nil, fmt.Errorf("layer %d: %w", i, err)
		}
	}
	one.env = map[string]any{"model": one.described.model, "blocks": blocks, "document": copied(document),
		"weights": map[string]any{"tensors": tensors}}
	if err := bind(r.let, one.env); err != nil {
		return nil, err
	}
	return one, one.add(r.whole, one.env)
}

// addLayer reads fields of a layer.
func (one *reading) addLayer(groups []readingGroup, env map[string]any) error {
	for _, g := range groups {
		if g.when != nil {
			if has, err := g.when.bool(env); err != nil {
				return err
			} else if !has {
				continue
			}
		}
		if err := one.add(g.fields, env); err != nil {
			return err
		}
	}
	return nil
}

// add reads fields that are not known yet, and compares those that are.
func (one *reading) add(fields map[string]*expression, env map[string]any) error {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		v, err := fields[name].eval(env)
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", name, err)
		case !one.known[name]:
			if one.known[name] = true; v != nil {
				one.config[name] = v
			}
		case !reflect.DeepEqual(one.config[name], v) && !slices.Contains(one.uneven, name):
			one.uneven = append(one.uneven, name)
		}
	}
	return nil
}

// ReadBack returns the config fields, as StateDict takes them, of a config file whose model has
// that many tensors. ok is false if the target does not describe the model, or if its layers
// differ in more than their windows and ropes.
func (t *Target) ReadBack(document map[string]any, tensors int) (config map[string]any, ok bool) {
	if t.readBack == nil || len(t.readBack.wrong(document)) > 0 {
		return nil, false
	}
	one, err := t.readBack.of(document, tensors)
	if err != nil || len(one.uneven) > 0 {
		return nil, false
	}
	for i, block := range one.described.blocks {
		env := map[string]any{"model": one.described.model, "block": block, "i": i}
		for _, condition := range t.readBack.known {
			if so, err := condition.bool(env); err != nil || !so {
				return nil, false
			}
		}
	}
	return one.config, true
}
