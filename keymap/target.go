package keymap

import (
	"fmt"
	"slices"

	"github.com/goccy/go-yaml"
)

// A Target is a trainer's side: its model config, its state dict and its config file.
type Target struct {
	Name   string
	Fields []Field // of the model config, in the order written
	Saved  Saved

	// Immaterial are fields that do not matter for a model whose weights are loaded.
	Immaterial []string
	// Embeddings are tensors that the optimizer treats apart: see olmo.yaml.
	Embeddings []string

	let        []binding
	refuse     []rule
	document   *template        // the config file
	since      *expression      // the trainer's first release that builds a model; nil if none is named
	comments   map[string]*text // above its members
	tensors    []tensorSpec
	layers     []tensorSpec
	layerLet   []binding // of each layer; they see i too
	layerCount *expression
	layerName  *expression
	readBack   *readBack // nil if the config file is the config
	same       sameness
	names      scope // that shapes and conditions can use
}

// binding gives a name to the value of an expression.
type binding struct {
	name  string
	value *expression
}

// tensorSpec declares a tensor of the state dict.
type tensorSpec struct {
	name  string // with {layer} in it for a tensor of every layer
	shape []*expression
	when  *expression // nil: always
	same  *binding    // the tensor that it is another name of, if the condition is true; nil: never
}

type shapeYAML struct {
	Shape  []string `yaml:"shape"`
	When   string   `yaml:"when"`
	SameAs *struct {
		Tensor string `yaml:"tensor"`
		When   string `yaml:"when"`
	} `yaml:"same_as"`
}

type targetYAML struct {
	Target  string        `yaml:"target"`
	Config  yaml.MapSlice `yaml:"config"`
	Let     yaml.MapSlice `yaml:"let"`
	Refuse  any           `yaml:"refuse"`
	Tensors yaml.MapSlice `yaml:"tensors"`
	Layers  struct {
		Count   string        `yaml:"count"`
		Name    string        `yaml:"name"`
		Let     yaml.MapSlice `yaml:"let"`
		Tensors yaml.MapSlice `yaml:"tensors"`
	} `yaml:"layers"`
	Saved      Saved         `yaml:"saved"`
	Immaterial []string      `yaml:"immaterial"`
	Embeddings []string      `yaml:"embeddings"`
	Templates  yaml.MapSlice `yaml:"templates"`
	Since      string        `yaml:"since"`
	Document   yaml.MapSlice `yaml:"document"`
	Comments   yaml.MapSlice `yaml:"comments"`
	Read       *readBackYAML `yaml:"read"`
	Computes   samenessYAML  `yaml:"computes"`
}

func parseTarget(text []byte) (*Target, error) {
	var y targetYAML
	if err := yaml.UnmarshalWithOptions(text, &y, yaml.Strict(), yaml.UseOrderedMap()); err != nil {
		return nil, err
	}
	t := &Target{Name: y.Target, Saved: y.Saved, Immaterial: y.Immaterial, Embeddings: y.Embeddings}
	var err error
	if t.Fields, err = parseFields(y.Config); err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	names := namesOf(t.Fields).with("weights")
	if t.let, t.names, err = parseLet(y.Let, names); err != nil {
		return nil, fmt.Errorf("let: %w", err)
	}
	if t.refuse, err = parseRules(y.Refuse, t.names); err != nil {
		return nil, fmt.Errorf("refuse: %w", err)
	}
	if t.tensors, err = parseShapes(y.Tensors, t.names); err != nil {
		return nil, fmt.Errorf("tensors: %w", err)
	}
	ofLayer := t.names.with("i")
	if t.layerLet, ofLayer, err = parseLet(y.Layers.Let, ofLayer); err != nil {
		return nil, fmt.Errorf("layers: let: %w", err)
	}
	if t.layers, err = parseShapes(y.Layers.Tensors, ofLayer); err != nil {
		return nil, fmt.Errorf("layers: %w", err)
	}
	if t.layerCount, err = compile(y.Layers.Count, t.names); err != nil {
		return nil, fmt.Errorf("layers: count: %w", err)
	}
	if t.layerName, err = compile(y.Layers.Name, t.names.with("i")); err != nil {
		return nil, fmt.Errorf("layers: name: %w", err)
	}
	if y.Since != "" {
		if t.since, err = compile(y.Since, t.names); err != nil {
			return nil, fmt.Errorf("since: %w", err)
		}
	}
	if err := t.parseDocument(y); err != nil {
		return nil, err
	}
	if t.readBack, err = parseReadBack(y.Read, namesOf(t.Fields)); err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	if t.same, err = parseSameness(y.Computes, t.names); err != nil {
		return nil, fmt.Errorf("computes: %w", err)
	}
	if err := t.Saved.compile(t.names); err != nil {
		return nil, fmt.Errorf("saved: %w", err)
	}
	return t, t.checkNames()
}

func (t *Target) parseDocument(y targetYAML) error {
	names := t.names.with("config")
	templates, err := parseTemplates(y.Templates, names)
	if err != nil {
		return fmt.Errorf("templates: %w", err)
	}
	if t.document, err = templates.parseTemplate(y.Document, names); err != nil {
		return fmt.Errorf("document: %w", err)
	}
	t.comments = map[string]*text{}
	for _, item := range y.Comments {
		name := fmt.Sprint(item.Key)
		if t.comments[name], err = compileText(fmt.Sprint(item.Value), scope{}.with(t.document.takes...)); err != nil {
			return fmt.Errorf("comments: %s: %w", name, err)
		}
		if !slices.ContainsFunc(t.document.body.members, func(m member) bool { return m.name == name }) {
			return fmt.Errorf("comments: the document has no %q", name)
		}
	}
	return nil
}

func parseFields(items yaml.MapSlice) ([]Field, error) {
	var fields []Field
	for _, item := range items {
		f, err := parseField(fmt.Sprint(item.Key), fmt.Sprint(item.Value))
		if err != nil {
			return nil, err
		}
		fields = append(fields, f)
	}
	return fields, nil
}

// parseLet compiles bindings in order; each sees those before it.
func parseLet(items yaml.MapSlice, names scope) ([]binding, scope, error) {
	var let []binding
	for _, item := range items {
		name := fmt.Sprint(item.Key)
		e, err := compile(fmt.Sprint(item.Value), names)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
		let = append(let, binding{name, e})
		names = names.with(name)
	}
	return let, names, nil
}

func parseShapes(items yaml.MapSlice, names scope) ([]tensorSpec, error) {
	var specs []tensorSpec
	for _, item := range items {
		spec := tensorSpec{name: fmt.Sprint(item.Key)}
		var y shapeYAML
		if err := remarshal(item.Value, &y); err != nil {
			return nil, fmt.Errorf("%s: %w", spec.name, err)
		}
		var err error
		if spec.shape, err = compileShape(y.Shape, names); err != nil {
			return nil, fmt.Errorf("%s: %w", spec.name, err)
		}
		if y.When != "" {
			if spec.when, err = compile(y.When, names); err != nil {
				return nil, fmt.Errorf("%s: %w", spec.name, err)
			}
		}
		if y.SameAs != nil {
			when, err := compile(y.SameAs.When, names)
			if err != nil {
				return nil, fmt.Errorf("%s: same_as: %w", spec.name, err)
			}
			spec.same = &binding{y.SameAs.Tensor, when}
		}
		specs = append(specs, spec)
	}
	return specs, nil
}

func compileShape(sizes []string, names scope) ([]*expression, error) {
	var shape []*expression
	for _, size := range sizes {
		e, err := compile(size, names)
		if err != nil {
			return nil, err
		}
		shape = append(shape, e)
	}
	return shape, nil
}

// remarshal reads a part of a YAML document that was first read in order into a struct.
func remarshal(part, into any) error {
	text, err := yaml.Marshal(part)
	if err != nil {
		return err
	}
	return yaml.UnmarshalWithOptions(text, into, yaml.Strict())
}
