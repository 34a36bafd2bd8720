package keymap

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// planTensors plans the target's state dict, and what the model may contain besides.
// env is the target's, checked.
func (t *Table) planTensors(plan *Plan, target *Target, env map[string]any, facts Facts) error {
	plan.room = maxPlanned(facts) // each part is a tensor of the model
	err := target.walk(env, func(spec tensorSpec, shape []int64, fill *strings.Replacer) error {
		if plan.room < 0 || tooMany(len(plan.Tensors), facts) {
			return fmt.Errorf("the config asks for more than %d tensors, but the weights files contain only %d",
				maxPlanned(facts), facts.Tensors)
		}
		return t.planTensor(plan, spec, shape, env, fill)
	})
	if err != nil {
		return err
	}
	layers, err := target.layerCount.int(env)
	if err != nil {
		return err
	}
	if err := t.planDrops(plan, env, int(layers), maxPlanned(facts)); err != nil {
		return err
	}
	if err := plan.checkRows(); err != nil {
		return fmt.Errorf("table %s: %w", t.Family, err)
	}
	return nil
}

// maxPlanned is how many tensors are planned for a model. A config may ask for so many more than
// the files contain that planning them would use up all memory, and listing them would help nobody.
func maxPlanned(facts Facts) int {
	const missing = 1000
	return 2*facts.Tensors + missing
}

func tooMany(planned int, facts Facts) bool { return planned > maxPlanned(facts) }

// A visitor receives a tensor of a state dict. fill writes a layer's number into its names; it is nil
// for tensors outside of layers.
type visitor func(spec tensorSpec, shape []int64, fill *strings.Replacer) error

// walk calls visit for every tensor of the state dict of a checked config, in order.
func (t *Target) walk(env map[string]any, visit visitor) error {
	layers, err := t.layerCount.int(env)
	if err != nil {
		return err
	}
	if err := t.visitAll(t.tensors, env, nil, visit); err != nil {
		return err
	}
	for i := range int(layers) {
		env["i"] = i
		if err := bind(t.layerLet, env); err != nil {
			return err
		}
		name, err := t.layerName.eval(env)
		if err != nil {
			return err
		}
		fill := strings.NewReplacer("{layer}", fmt.Sprint(name), "{i}", strconv.Itoa(i))
		if err := t.visitAll(t.layers, env, fill, visit); err != nil {
			return err
		}
	}
	return nil
}

func (t *Target) visitAll(specs []tensorSpec, env map[string]any, fill *strings.Replacer, visit visitor) error {
	for _, spec := range specs {
		if spec.when != nil {
			if there, err := spec.when.bool(env); err != nil {
				return err
			} else if !there {
				continue
			}
		}
		shape, err := evalShape(spec.shape, env)
		if err != nil {
			return fmt.Errorf("%s: %w", spec.name, err)
		}
		if err := visit(spec, shape, fill); err != nil {
			return err
		}
	}
	return nil
}

func (t *Table) planTensor(
	plan *Plan, spec tensorSpec, shape []int64, env map[string]any, fill *strings.Replacer,
) error {
	planned, err := t.planOrigin(plan, spec, shape, env, fill)
	if err != nil {
		return fmt.Errorf("table %s: %w", t.Family, err)
	}
	plan.Tensors = append(plan.Tensors, planned)
	return nil
}

// planOrigin plans a tensor: as another name of one of the target, or of what the table says.
func (t *Table) planOrigin(
	plan *Plan, spec tensorSpec, shape []int64, env map[string]any, fill *strings.Replacer,
) (PlannedTensor, error) {
	name := replace(fill, spec.name)
	if spec.same != nil {
		if same, err := spec.same.value.bool(env); err != nil {
			return PlannedTensor{}, err
		} else if same {
			return plan.same(PlannedTensor{Name: name, Shape: shape, Same: spec.same.name})
		}
	}
	source, err := t.sourceOf(plan, spec.name, env["i"])
	if err != nil {
		return PlannedTensor{}, fmt.Errorf("%s: %w", name, err)
	}
	if source == nil {
		return PlannedTensor{}, fmt.Errorf("does not say where %s comes from", name)
	}
	planned, err := source.plan(name, shape, env, fill, &plan.room)
	if err == nil {
		if planned.Scale, err = source.factor(plan.model); err != nil {
			err = fmt.Errorf("%s: %w", name, err)
		}
	}
	return planned, err
}

// sourceOf returns what the table says that a tensor is made of, or, in native packaging, the tensor of the same
// name; nil if it does not say. layer is its number, nil for none.
func (t *Table) sourceOf(plan *Plan, template string, layer any) (*origin, error) {
	all, ok := t.sources[template]
	if !ok && t.prefix != nil {
		return &origin{parts: []sourceSpec{{name: *t.prefix + template}}}, nil
	}
	own, has := plan.model["i"]
	plan.model["i"] = layer
	source, err := all.pick(plan.model)
	if plan.model["i"] = own; !has {
		delete(plan.model, "i")
	}
	return source, err
}

// same checks that a tensor that is another name of one has its shape.
func (p *Plan) same(t PlannedTensor) (PlannedTensor, error) {
	for _, other := range p.Tensors {
		if other.Name == t.Same && slices.Equal(other.Shape, t.Shape) {
			return t, nil
		}
	}
	return t, fmt.Errorf("%s: no %s of its shape comes before it", t.Name, t.Same)
}

func replace(fill *strings.Replacer, name string) string {
	if fill == nil {
		return name
	}
	return fill.Replace(name)
}

func evalShape(sizes []*expression, env map[string]any) ([]int64, error) {
	shape := make([]int64, 0, len(sizes))
	for _, e := range sizes {
		n, err := e.int(env)
		if err != nil {
			return nil, err
		}
		shape = append(shape, n)
	}
	return shape, nil
}
