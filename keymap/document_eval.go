package keymap

import (
	"fmt"
	"maps"
)

// Document returns the target's config file for a config, such as Plan makes. Expressions use the
// target's defaults for fields that it leaves out. values has what the document takes besides, by name.
func (t *Target) Document(config []Setting, values map[string]any) (Object, error) {
	env := map[string]any{}
	for _, f := range t.Fields {
		env[f.Name] = f.Default
	}
	maps.Copy(env, ByName(config))
	if err := bind(t.let, env); err != nil {
		return nil, err
	}
	return t.evalDocument(config, env, values)
}

// evalDocument makes the config file; env has the config and the names of let.
func (t *Target) evalDocument(config []Setting, env, values map[string]any) (Object, error) {
	env = maps.Clone(env)
	env["config"] = Object(config)
	for _, name := range t.document.takes {
		value, ok := values[name]
		if !ok {
			return nil, fmt.Errorf("%s: the document takes %s", t.Name, name)
		}
		env[name] = value
	}
	v, err := t.document.body.eval(env)
	if err != nil {
		return nil, err
	}
	object, _ := v.(Object)
	return object, nil
}

// Comments returns the comments of the target's config file, for formats that have them, by the
// member below. An empty first line separates the member from the one before. values are as for
// Document; those that a comment shows must be single lines.
func (t *Target) Comments(values map[string]any) map[string]string {
	comments := map[string]string{}
	for name, text := range t.comments {
		comments[name] = text.format(values)
	}
	return comments
}

// eval returns the value of the document for the names in env.
func (d *document) eval(env map[string]any) (any, error) {
	if d.when != nil {
		if there, err := d.when.bool(env); err != nil || !there {
			return nil, err
		}
	}
	if d.each != nil {
		return d.evalEach(env)
	}
	return d.evalOne(env)
}

func (d *document) evalOne(env map[string]any) (any, error) {
	switch d.kind {
	case aLeaf:
		return d.leaf.eval(env)
	case aList:
		values := []any{}
		for _, item := range d.list {
			v, err := item.eval(env)
			if err != nil {
				return nil, err
			}
			values = append(values, v)
		}
		return values, nil
	case anObject:
		return d.evalObject(env)
	case aUse:
		return d.evalUse(env)
	case anEither:
		for _, one := range d.list {
			if v, err := one.eval(env); err != nil || v != nil {
				return v, err
			}
		}
		return nil, nil
	}
	return d.literal, nil
}

func (d *document) evalObject(env map[string]any) (any, error) {
	object := Object{}
	for _, m := range d.members {
		v, err := m.value.eval(env)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
		if v != nil || m.value.kind == aLiteral {
			object = append(object, Setting{m.name, v})
		}
	}
	return object, nil
}

func (d *document) evalUse(env map[string]any) (any, error) {
	inner := maps.Clone(env)
	for _, b := range d.with {
		v, err := b.value.eval(env)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", b.name, err)
		}
		inner[b.name] = v
	}
	return d.use.body.eval(inner)
}

// evalEach makes one member for each value of the list.
func (d *document) evalEach(env map[string]any) (any, error) {
	list, err := d.each.value.eval(env)
	if err != nil {
		return nil, err
	}
	values, ok := list.([]any)
	if !ok {
		return nil, fmt.Errorf("%q is %v, not a list", d.each.value.text, list)
	}
	inner := maps.Clone(env)
	object := Object{}
	for _, value := range values {
		inner[d.each.name] = value
		v, err := d.evalOne(inner)
		if err != nil {
			return nil, err
		}
		object = append(object, Setting{fmt.Sprint(value), v})
	}
	return object, nil
}
