package keymap

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
)

// classMember is what a config file writes the class of an object under.
const classMember = "_CLASS_"

// class is what objects of one class may have in a config file.
type class struct {
	members  []Field           // with the type; any is a kind too
	earlier  map[string]string // another name of a member, and the name that is read
	defaults []binding         // members that may be left out; they see the model section and the object as `it`
}

// Types of members that fields of a table do not have.
const (
	anyKind     = "any"
	earlierKind = "earlier" // the name of a member in older versions
)

// readClasses reads the file in which a target's classes are.
func readClasses(name string) (map[string]class, error) {
	text, err := files.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var y map[string]yaml.MapSlice
	if err := yaml.UnmarshalWithOptions(text, &y, yaml.UseOrderedMap()); err != nil {
		return nil, err
	}
	classes := map[string]class{}
	for name, members := range y {
		c := class{earlier: map[string]string{}}
		for _, item := range members {
			if err := c.add(fmt.Sprint(item.Key), fmt.Sprint(item.Value)); err != nil {
				return nil, fmt.Errorf("%s: %s: %w", name, item.Key, err)
			}
		}
		classes[name] = c
	}
	return classes, nil
}

// add adds a member as the file writes it.
func (c *class) add(name, spec string) error {
	kind, value, filled := strings.Cut(spec, "=")
	kind, value = strings.TrimSpace(kind), strings.TrimSpace(value)
	f := Field{Name: name, Kind: strings.TrimSuffix(kind, "?"), Nullable: filled || strings.HasSuffix(kind, "?")}
	f.Required = !f.Nullable
	switch {
	case f.Kind == earlierKind:
		c.earlier[name] = value
		f.Kind, f.Nullable = anyKind, true
	case f.Kind != anyKind && kinds[f.Kind] == "":
		return fmt.Errorf("no type is called %q", f.Kind)
	case filled:
		e, err := compile(value, scope{"model": true, "it": true})
		if err != nil {
			return err
		}
		c.defaults = append(c.defaults, binding{name, e})
	}
	c.members = append(c.members, f)
	return nil
}

// A Mismatch is what the class of an object in a config file does not take.
type Mismatch struct {
	At      string // model.block.attention.n_heads
	Class   string // of the object, with its module
	Member  string
	Problem string // in words, beginning with At; "" if the class has no such member
}

// Mismatches compares an object of a target's config file, which is called at, and all objects inside of it with their
// classes, those that are known: members that these do not have, and values of another type.
func Mismatches(t *Target, at string, object map[string]any) []Mismatch {
	if t.readBack == nil {
		return nil
	}
	return t.readBack.mismatches(at, object)
}

func (r *readBack) mismatches(at string, v any) (all []Mismatch) {
	if list, isList := v.([]any); isList {
		for i, item := range list {
			all = append(all, r.mismatches(at+"."+strconv.Itoa(i), item)...)
		}
	}
	object, _ := v.(map[string]any)
	name, _ := object[classMember].(string)
	c, known := r.classes[name]
	for _, f := range c.members {
		value, there := object[f.Name]
		f.In = at
		switch _, err := f.convert(value); {
		case f.Kind == anyKind:
		case !there && f.Required:
			all = append(all, Mismatch{f.Called(), name, f.Name, f.missing().Error()})
		case there && err != nil:
			all = append(all, Mismatch{f.Called(), name, f.Name, err.Error()})
		}
	}
	for _, member := range slices.Sorted(maps.Keys(object)) {
		inside := strings.TrimPrefix(at+"."+member, ".")
		if known && member != classMember && member != "type" && !hasField(c.members, member) {
			all = append(all, Mismatch{At: inside, Class: name, Member: member})
		}
		all = append(all, r.mismatches(inside, object[member])...)
	}
	return all
}

// wrong returns the members of a config file whose values have another type than their class has.
func (r *readBack) wrong(document map[string]any) (refusals []*Refusal) {
	for _, m := range r.mismatches("", document) {
		if m.Problem != "" {
			refusals = append(refusals, &Refusal{File: source, Because: m.Problem})
		}
	}
	return refusals
}

// Plain returns the model section of a config file in the one spelling that ReadBack reads: with
// today's names, and with the members that may be left out. The argument stays as it is.
func Plain(t *Target, model map[string]any) map[string]any {
	plain, _ := t.readBack.plain(model, model).(map[string]any)
	return plain
}

// read is a value as a JSON reader returns it.
func read(value any) any {
	if n, isInt := value.(int); isInt {
		return int64(n)
	}
	return value
}

func (r *readBack) plain(v any, model map[string]any) any {
	if list, isList := v.([]any); isList {
		list = slices.Clone(list)
		for i := range list {
			list[i] = r.plain(list[i], model)
		}
		return list
	}
	object, isObject := v.(map[string]any)
	if !isObject {
		return v
	}
	name, _ := object[classMember].(string)
	c := r.classes[name]
	plain := map[string]any{}
	for name, value := range object {
		if today, ok := c.earlier[name]; ok && object[today] == nil {
			name = today
		}
		plain[name] = r.plain(value, model)
	}
	for _, d := range c.defaults {
		if plain[d.name] != nil {
			continue
		}
		if value, err := d.value.eval(map[string]any{"model": model, "it": maps.Clone(plain)}); err == nil && value != nil {
			plain[d.name] = read(value)
		}
	}
	return plain
}
