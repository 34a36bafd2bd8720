package keymap

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
)

// A document is a nested config file, as a target declares it: objects and lists of
// expressions (texts) and constants (numbers, true, false, null). A member whose expression
// is null is left out. The name config is an object of all fields of the target's config.
//
//	$takes: [name]                at the top: values that whoever writes the file provides
//	$when: condition              the object is null unless this is true
//	$use: template                the object is that template
//	$with: {name: expression}     what the template takes
//	$each: {name: list}           one member for every value of the list, named by it; name is known inside
//	$either: [document, …]        the first of them that is not null
type document struct {
	when    *expression
	use     *template
	with    []binding
	each    *binding
	members []member
	list    []*document
	leaf    *expression
	literal any
	kind    documentKind
}

type documentKind uint8

const (
	aLiteral documentKind = iota
	aLeaf
	aList
	anObject
	aUse
	anEither
)

type member struct {
	name  string
	value *document
}

// A template is a part of documents that is used in several places, with a value for each
// name that it takes ("$takes: [name]").
type template struct {
	takes []string
	body  *document
}

// An Object is a JSON object in the order of its members. A value is an Object, a map,
// a []any, an int, float64, bool or string.
type Object []Setting

// Get returns the value of a member, nil if there is none.
func (o Object) Get(name string) any {
	for _, s := range o {
		if s.Name == name {
			return s.Value
		}
	}
	return nil
}

// documentParser compiles documents. A template can use those before it.
type documentParser struct {
	templates map[string]*template
}

func parseTemplates(items yaml.MapSlice, names scope) (*documentParser, error) {
	p := &documentParser{templates: map[string]*template{}}
	for _, item := range items {
		name := fmt.Sprint(item.Key)
		body, _ := item.Value.(yaml.MapSlice)
		t, err := p.parseTemplate(body, names)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		p.templates[name] = t
	}
	return p, nil
}

// parseTemplate reads what a template takes and its body.
func (p *documentParser) parseTemplate(body yaml.MapSlice, names scope) (t *template, err error) {
	t = &template{}
	if len(body) > 0 && body[0].Key == "$takes" {
		if err := remarshal(body[0].Value, &t.takes); err != nil {
			return nil, fmt.Errorf("$takes: %w", err)
		}
		body = body[1:]
	}
	t.body, err = p.parse(body, names.with(t.takes...))
	return t, err
}

func (p *documentParser) parse(value any, names scope) (*document, error) {
	switch v := value.(type) {
	case string:
		e, err := compile(v, names)
		return &document{kind: aLeaf, leaf: e}, err
	case []any:
		d := &document{kind: aList}
		for i, item := range v {
			one, err := p.parse(item, names)
			if err != nil {
				return nil, fmt.Errorf("%d: %w", i, err)
			}
			d.list = append(d.list, one)
		}
		return d, nil
	case yaml.MapSlice:
		return p.parseObject(v, names)
	case uint64:
		return &document{literal: int(v)}, nil
	case int64:
		return &document{literal: int(v)}, nil
	case bool, float64, nil:
		return &document{literal: v}, nil
	}
	return nil, fmt.Errorf("a %T is not allowed in a document", value)
}

func (p *documentParser) parseObject(items yaml.MapSlice, names scope) (*document, error) {
	d := &document{kind: anObject}
	for _, item := range items {
		name := fmt.Sprint(item.Key)
		var err error
		if strings.HasPrefix(name, "$") {
			names, err = p.parseDirective(d, name, item.Value, names)
		} else {
			var value *document
			value, err = p.parse(item.Value, names)
			d.members = append(d.members, member{name, value})
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if d.kind == anEither && len(d.members) > 0 {
		return nil, fmt.Errorf("$either must be alone")
	}
	if d.use != nil && (len(d.members) > 0 || len(d.with) != len(d.use.takes)) {
		return nil, fmt.Errorf("$use takes $when, $each and all that the template takes, and nothing else")
	}
	return d, nil
}

// parseDirective reads a member whose name begins with "$"; it returns the names known after it.
func (p *documentParser) parseDirective(d *document, name string, value any, names scope) (scope, error) {
	var err error
	switch name {
	case "$either":
		items, _ := value.([]any)
		for _, item := range items {
			var one *document
			if one, err = p.parse(item, names); err != nil {
				return names, err
			}
			d.list = append(d.list, one)
		}
		d.kind = anEither
	case "$when":
		d.when, err = compile(fmt.Sprint(value), names)
	case "$use":
		if d.use = p.templates[fmt.Sprint(value)]; d.use == nil {
			err = fmt.Errorf("no template is called %q", value)
		}
		d.kind = aUse
	case "$with":
		items, _ := value.(yaml.MapSlice)
		for _, item := range items {
			var e *expression
			if e, err = compile(fmt.Sprint(item.Value), names); err != nil {
				return names, err
			}
			d.with = append(d.with, binding{fmt.Sprint(item.Key), e})
		}
	case "$each":
		items, _ := value.(yaml.MapSlice)
		if len(items) != 1 {
			return names, fmt.Errorf("expected one name and a list")
		}
		var e *expression
		e, err = compile(fmt.Sprint(items[0].Value), names)
		d.each = &binding{fmt.Sprint(items[0].Key), e}
		names = names.with(d.each.name)
	default:
		err = fmt.Errorf("there is no such directive")
	}
	return names, err
}
