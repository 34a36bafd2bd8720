package keymap

import (
	"fmt"
	"strconv"
	"strings"
)

// planTensors goes through the target's state dict, and then through what the
// model may hold besides. env is the target's, checked.
func (t *Table) planTensors(plan *Plan, target *Target, env map[string]any, facts Facts) error {
	layers, err := target.layerCount.int(env)
	if err != nil {
		return err
	}
	for _, spec := range target.tensors {
		if err := t.planTensor(plan, spec, env, nil); err != nil {
			return err
		}
	}
	once := len(plan.Tensors)
	for i := range int(layers) {
		if i == 1 && tooMany(layers, int64(len(plan.Tensors)-once), facts) {
			return fmt.Errorf("%d layers of %d tensors each, but the weights files hold only %d tensors",
				layers, len(plan.Tensors)-once, facts.Tensors)
		}
		env["i"] = i
		name, err := target.layerName.eval(env)
		if err != nil {
			return err
		}
		fill := strings.NewReplacer("{layer}", fmt.Sprint(name), "{i}", strconv.Itoa(i))
		for _, spec := range target.layers {
			if err := t.planTensor(plan, spec, env, fill); err != nil {
				return err
			}
		}
	}
	return t.planDrops(plan, env, int(layers))
}

// tooMany reports whether layers have so many more tensors than there are that
// telling each missing one would help nobody, and planning it takes all memory.
func tooMany(layers, each int64, facts Facts) bool {
	const told = 1000
	return layers*each > 2*int64(facts.Tensors)+told
}

func (t *Table) planTensor(plan *Plan, spec tensorSpec, env map[string]any, fill *strings.Replacer) error {
	if spec.when != nil {
		if there, err := spec.when.bool(env); err != nil || !there {
			return err
		}
	}
	shape, err := evalShape(spec.shape, env)
	if err != nil {
		return fmt.Errorf("%s: %w", spec.name, err)
	}
	sources, ok := t.sources[spec.name]
	if !ok && t.prefix != nil {
		sources = []sourceSpec{{name: *t.prefix + spec.name}}
	} else if !ok {
		return fmt.Errorf("table %s does not say where %s comes from", t.Family, spec.name)
	}
	planned := PlannedTensor{Name: replace(fill, spec.name), Shape: shape}
	for _, s := range sources {
		part := Part{Name: replace(fill, s.name), Shape: shape}
		if s.shape != nil {
			if part.Shape, err = evalShape(s.shape, env); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
		planned.Parts = append(planned.Parts, part)
	}
	if err := planned.rowsAddUp(); err != nil {
		return fmt.Errorf("table %s: %w", t.Family, err)
	}
	plan.Tensors = append(plan.Tensors, planned)
	return nil
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

// rowsAddUp checks that the parts make up the tensor: the same row, and as many rows.
func (p PlannedTensor) rowsAddUp() error {
	rows := int64(0)
	for _, part := range p.Parts {
		if len(part.Shape) != len(p.Shape) || len(p.Shape) == 0 {
			return fmt.Errorf("%s: the shape of %s does not fit", p.Name, part.Name)
		}
		for d := 1; d < len(p.Shape); d++ {
			if part.Shape[d] != p.Shape[d] {
				return fmt.Errorf("%s: the rows of %s have another length", p.Name, part.Name)
			}
		}
		rows += part.Shape[0]
	}
	if rows != p.Shape[0] {
		return fmt.Errorf("%s: its parts have %d rows, it has %d", p.Name, rows, p.Shape[0])
	}
	return nil
}

func (t *Table) planDrops(plan *Plan, env map[string]any, layers int) error {
	for _, spec := range t.drop {
		if spec.when != nil {
			if there, err := spec.when.bool(env); err != nil {
				return err
			} else if !there {
				continue
			}
		}
		if !strings.Contains(spec.name, "{i}") {
			plan.Drop = append(plan.Drop, Drop{spec.name, spec.sameAs})
			continue
		}
		for i := range layers {
			plan.Drop = append(plan.Drop, Drop{strings.ReplaceAll(spec.name, "{i}", strconv.Itoa(i)), spec.sameAs})
		}
	}
	return nil
}
