package keymap

import (
	"fmt"
	"maps"
	"strings"

	"github.com/goccy/go-yaml"
)

// A normal says in which form the models that a trainer's nested config files describe are compared:
// layer by layer, however the file groups them, with all that it leaves to the trainer's classes.
type normal struct {
	blocks     *expression     // the config of each layer; sees model and weights
	model      []assignment    // see model and here, the object whose member they are
	block      []assignment    // see model, block, here and i
	immaterial map[string]bool // members, wherever they are, that change nothing that a model computes
}

// assignment puts a value in the place of a member of an object. Null removes the member, and the
// members of what is not there are left alone.
type assignment struct {
	path  []string
	value *expression
}

// described is the model of a config file in the form that normal says.
type described struct {
	model  map[string]any   // without its blocks
	blocks []map[string]any // of each layer
}

// maxDescribed is how many entries, and bytes of texts, the blocks of all layers may have together:
// those of a model with 128 layers have a quarter of it.
const maxDescribed = 1 << 20

type normalYAML struct {
	Blocks     string        `yaml:"blocks"`
	Model      yaml.MapSlice `yaml:"model"`
	Block      yaml.MapSlice `yaml:"block"`
	Immaterial []string      `yaml:"immaterial"`
}

func parseNormal(y normalYAML) (n normal, err error) {
	n = normal{immaterial: map[string]bool{}}
	for _, name := range y.Immaterial {
		n.immaterial[name] = true
	}
	if n.blocks, err = compile(y.Blocks, scope{}.with("model", "weights")); err != nil {
		return n, fmt.Errorf("blocks: %w", err)
	}
	if n.model, err = parseAssignments(y.Model, scope{}.with("model", "here")); err != nil {
		return n, fmt.Errorf("model: %w", err)
	}
	if n.block, err = parseAssignments(y.Block, scope{}.with("model", "block", "here", "i")); err != nil {
		return n, fmt.Errorf("block: %w", err)
	}
	return n, nil
}

func parseAssignments(items yaml.MapSlice, names scope) (list []assignment, err error) {
	bindings, err := parseBindings(items, names)
	for _, b := range bindings {
		list = append(list, assignment{strings.Split(b.name, "."), b.value})
	}
	return list, err
}

// describe returns the model of a config's model section, whose files have that many tensors.
func (r *readBack) describe(section map[string]any, tensors int) (*described, error) {
	n := &r.normal
	model, _ := copied(r.plain(section, section)).(map[string]any)
	blocks, err := n.blocks.eval(map[string]any{"model": model, "weights": map[string]any{"tensors": tensors}})
	if err != nil {
		return nil, err
	}
	list, _ := blocks.([]any)
	d := &described{model: model}
	room := maxDescribed
	for i, one := range list {
		block, ok := one.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("the block of layer %d is %s: expected an object", i, worded(one))
		}
		if !fits(block, &room) {
			return nil, fmt.Errorf("the blocks of %d layers are larger than any model needs", len(list))
		}
		block, _ = copied(block).(map[string]any)
		if err := assign(block, n.block, map[string]any{"model": model, "block": block, "i": i}); err != nil {
			return nil, fmt.Errorf("layer %d: %w", i, err)
		}
		strip(block)
		d.blocks = append(d.blocks, block)
	}
	err = assign(model, n.model, map[string]any{"model": model})
	strip(model)
	return d, err
}

// assign evaluates assignments one after the other; each sees what those before it did, and as here
// the object whose member it is.
func assign(object map[string]any, list []assignment, env map[string]any) error {
	for _, a := range list {
		last := len(a.path) - 1
		place := object
		for _, name := range a.path[:last] {
			place, _ = place[name].(map[string]any)
		}
		if place == nil {
			continue
		}
		env["here"] = place
		v, err := a.value.eval(env)
		if err != nil {
			return err
		}
		if place[a.path[last]] = v; v == nil {
			delete(place, a.path[last])
		}
	}
	return nil
}

// strip removes what is null.
func strip(object map[string]any) {
	maps.DeleteFunc(object, func(name string, v any) bool { return v == nil })
	for _, v := range object {
		if inner, ok := v.(map[string]any); ok {
			strip(inner)
		}
	}
}

// copied returns a value of a config that can be changed without the original.
func copied(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return plain(v)
	case Object:
		object := make(map[string]any, len(v))
		for _, s := range v {
			object[s.Name] = copied(s.Value)
		}
		return object
	case []any:
		list := make([]any, len(v))
		for i, value := range v {
			list[i] = copied(value)
		}
		return list
	}
	return plain(v)
}
