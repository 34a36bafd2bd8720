package keymap

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
)

// An origin is what a tensor of the target is made of: parts whose rows follow each
// other, and what is done to all elements.
type origin struct {
	parts   []sourceSpec
	dtype   string  // that of the result, "" for the parts' own
	add     float64 // to every element, in that dtype
	flatten bool    // the elements of its only part in another shape
}

// sourceSpec is a part of a target tensor: a tensor of the model.
type sourceSpec struct {
	name      string        // with {i} in it for a tensor of every layer
	shape     []*expression // nil: the target's own, for a tensor that is not fused
	transpose *expression   // whether its rows are the target's columns; nil: no
	each      *binding      // repeats it for each number below a size, which replaces {name}; nil: once
}

// originYAML is the long form of an origin.
type originYAML struct {
	From      string        `yaml:"from"`
	Shape     []string      `yaml:"shape"`
	Each      yaml.MapSlice `yaml:"each"`
	Transpose string        `yaml:"transpose"`
	Flatten   bool          `yaml:"flatten"`
	Add       float64       `yaml:"add"`
	DType     string        `yaml:"dtype"`
}

// parseOrigin reads a name, a list of "name: [shape]" whose rows follow each other, or
// "from: name" with what is done to it.
func parseOrigin(value any, names scope) (origin, error) {
	if name, ok := value.(string); ok {
		return origin{parts: []sourceSpec{{name: name}}}, nil
	}
	if _, ok := value.([]any); !ok {
		return parseLongOrigin(value, names)
	}
	var parts []map[string][]string
	if err := remarshal(value, &parts); err != nil {
		return origin{}, err
	}
	if len(parts) > maxParts {
		return origin{}, fmt.Errorf("%d parts: at most %d", len(parts), maxParts)
	}
	var o origin
	for _, part := range parts {
		for name, sizes := range part {
			shape, err := compileShape(sizes, names)
			if err != nil {
				return o, err
			}
			o.parts = append(o.parts, sourceSpec{name: name, shape: shape})
		}
		if len(part) != 1 {
			return o, fmt.Errorf("each entry of the list is one name with its shape")
		}
	}
	return o, nil
}

func parseLongOrigin(value any, names scope) (origin, error) {
	var y originYAML
	if err := remarshal(value, &y); err != nil {
		return origin{}, err
	}
	o := origin{dtype: y.DType, add: y.Add, flatten: y.Flatten}
	part := sourceSpec{name: y.From}
	var err error
	switch {
	case y.From == "":
		return o, fmt.Errorf("from is missing: the tensor that it is made of")
	case y.Add != 0 && y.DType != "float32":
		return o, fmt.Errorf("add needs dtype: float32, in which it is computed")
	case len(y.Each) > 1:
		return o, fmt.Errorf("each: expected one name and its size")
	}
	if len(y.Shape) > 0 {
		if part.shape, err = compileShape(y.Shape, names); err != nil {
			return o, err
		}
	}
	if y.Transpose != "" {
		if part.transpose, err = compile(y.Transpose, names); err != nil {
			return o, fmt.Errorf("transpose: %w", err)
		}
	}
	for _, item := range y.Each {
		e, err := compile(fmt.Sprint(item.Value), names)
		if err != nil {
			return o, fmt.Errorf("each: %w", err)
		}
		part.each = &binding{fmt.Sprint(item.Key), e}
	}
	o.parts = []sourceSpec{part}
	return o, nil
}

// plan evaluates an origin for a tensor of the target with the given shape. room is how many
// more parts can be planned for all tensors together.
func (o *origin) plan(
	name string, shape []int64, env map[string]any, fill *strings.Replacer, room *int,
) (PlannedTensor, error) {
	planned := PlannedTensor{Name: name, Shape: shape, DType: o.dtype, Add: o.add}
	for _, s := range o.parts {
		parts, err := s.plan(shape, env, fill, room)
		if err != nil {
			return planned, fmt.Errorf("%s: %w", s.name, err)
		}
		planned.Parts = append(planned.Parts, parts...)
	}
	if o.flatten {
		return planned, planned.sameElements()
	}
	return planned, planned.rowsAddUp()
}

func (s *sourceSpec) plan(shape []int64, env map[string]any, fill *strings.Replacer, room *int) ([]Part, error) {
	part := Part{Name: replace(fill, s.name), Shape: shape}
	var err error
	if s.shape != nil {
		if part.Shape, err = evalShape(s.shape, env); err != nil {
			return nil, err
		}
	}
	if s.transpose != nil {
		if part.Transposed, err = s.transpose.bool(env); err != nil {
			return nil, err
		}
	}
	if part.Transposed && len(part.Shape) != 2 {
		return nil, fmt.Errorf("only a matrix can be transposed")
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

// sameElements checks that a tensor that only has another shape than its part has as many elements.
func (p PlannedTensor) sameElements() error {
	count := func(shape []int64) float64 {
		n := 1.0
		for _, size := range shape {
			n *= float64(size)
		}
		return n
	}
	if len(p.Parts) != 1 || count(p.Parts[0].Shape) != count(p.Shape) {
		return fmt.Errorf("%s: does not have as many elements as the tensor it is flattened from", p.Name)
	}
	return nil
}
