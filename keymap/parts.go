package keymap

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// plan evaluates an origin for a tensor of the target with the given shape. room is how many
// more parts can be planned for all tensors together.
func (o *origin) plan(
	name string, shape []int64, env map[string]any, fill *strings.Replacer, room *int,
) (PlannedTensor, error) {
	planned := PlannedTensor{Name: name, Shape: shape, DType: o.dtype, Add: o.add}
	for _, s := range o.parts {
		parts, err := s.plan(shape, env, fill, room)
		if err != nil {
			return planned, fmt.Errorf("%s: %w", s.called(), err)
		}
		planned.Parts = append(planned.Parts, parts...)
	}
	if o.cut != nil {
		rows, err := evalRows(o.cut, env)
		if err == nil {
			planned.Parts, err = cutJoined(planned.Parts, rows)
		}
		if err != nil {
			return planned, fmt.Errorf("%s: %w", name, err)
		}
	}
	if o.flatten {
		return planned, planned.sameElements()
	}
	return planned, planned.rowsAddUp()
}

func (s *sourceSpec) plan(shape []int64, env map[string]any, fill *strings.Replacer, room *int) ([]Part, error) {
	part, err := s.planOne(shape, env, fill)
	if err != nil {
		return nil, err
	}
	if s.each == nil {
		*room--
		return []Part{part}, nil
	}
	n, err := s.each.value.int(env)
	switch {
	case err != nil:
		return nil, fmt.Errorf("each: %w", err)
	case n > int64(*room):
		return nil, fmt.Errorf("each: %d parts: the weights files do not have that many tensors", n)
	}
	*room -= int(n)
	parts := make([]Part, n)
	for i := range parts {
		parts[i] = part
		parts[i].Name = strings.ReplaceAll(part.Name, "{"+s.each.name+"}", strconv.Itoa(i))
	}
	return parts, nil
}

// planOne evaluates a part that is not repeated, or what its repetitions have in common.
func (s *sourceSpec) planOne(shape []int64, env map[string]any, fill *strings.Replacer) (part Part, err error) {
	part = Part{Name: replace(fill, s.name), Shape: shape, Zeros: s.zeros}
	if s.shape != nil {
		if part.Shape, err = evalShape(s.shape, env); err != nil {
			return part, err
		}
	}
	if part.Zeros && elements(part.Shape) > maxZeros {
		return part, fmt.Errorf("%v: more than any model has", part.Shape)
	}
	if s.order != nil && len(part.Shape) > 0 {
		if part.Order, err = s.order.plan(part.Shape[0], env); err != nil {
			return part, fmt.Errorf("permute: %w", err)
		}
	}
	if s.rows != nil {
		if part.Rows, err = evalRows(s.rows, env); err != nil {
			return part, err
		}
		if len(part.Shape) == 0 || part.Rows.To > part.Shape[0] {
			return part, fmt.Errorf("rows %d to %d of a tensor of the shape %v", part.Rows.From, part.Rows.To, part.Shape)
		}
	}
	if s.transpose != nil {
		if part.Transposed, err = s.transpose.bool(env); err != nil {
			return part, err
		}
	}
	if part.Transposed && len(part.Shape) != 2 {
		return part, fmt.Errorf("only a matrix can be transposed")
	}
	return part, nil
}

// factor evaluates what every element is multiplied by; 0 for nothing.
func (o *origin) factor(model map[string]any) (float64, error) {
	if o.scale == nil {
		return 0, nil
	}
	v, err := o.scale.eval(model)
	if err != nil {
		return 0, fmt.Errorf("scale: %w", err)
	}
	x, ok := Number(v)
	switch size := math.Abs(x); {
	case !ok || !(size >= minScale && size <= maxScale):
		return 0, fmt.Errorf("its scale is %v: expected a number between 2^-40 and 2^40", v)
	case x == 1:
		return 0, nil
	}
	return x, nil
}

// Scales that no model needs would make elements infinite, or zeros.
const (
	maxScale = 1 << 40
	minScale = 1.0 / maxScale
)

// maxZeros is how many zeros a tensor may be made of, as many as no model has elements.
const maxZeros = 1 << 40

// evalRows returns a range of rows that is not empty.
func evalRows(bounds *[2]expression, env map[string]any) (r RowRange, err error) {
	if r.From, err = bounds[0].int(env); err != nil {
		return r, err
	}
	if r.To, err = bounds[1].int(env); err != nil {
		return r, err
	}
	if r.From >= r.To {
		return r, fmt.Errorf("rows %d to %d: expected the first row, and the one after the last", r.From, r.To)
	}
	return r, nil
}

// elements counts those of a shape, which may be too large for an int64.
func elements(shape []int64) float64 {
	n := 1.0
	for _, size := range shape {
		n *= float64(size)
	}
	return n
}

// sameElements checks that a tensor that only has another shape than its part has as many elements.
func (p PlannedTensor) sameElements() error {
	if len(p.Parts) != 1 || elements(p.Parts[0].Shape) != elements(p.Shape) {
		return fmt.Errorf("%s: does not have as many elements as the tensor it is flattened from", p.Name)
	}
	return nil
}

// rowsAddUp checks that the parts make up the tensor: the same row, and as many rows.
func (p PlannedTensor) rowsAddUp() error {
	rows := int64(0)
	for _, part := range p.Parts {
		shape := part.Target()
		if len(shape) != len(p.Shape) || len(p.Shape) == 0 {
			return fmt.Errorf("%s: the shape of %s does not fit", p.Name, part.called())
		}
		for d := 1; d < len(p.Shape); d++ {
			if shape[d] != p.Shape[d] {
				return fmt.Errorf("%s: the rows of %s have another length", p.Name, part.called())
			}
		}
		rows += shape[0]
	}
	if rows != p.Shape[0] {
		return fmt.Errorf("%s: its parts have %d rows, it has %d", p.Name, rows, p.Shape[0])
	}
	return nil
}
