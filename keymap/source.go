package keymap

import (
	"fmt"

	"github.com/goccy/go-yaml"
)

// An origin is what a tensor of the target is made of: parts whose rows follow each
// other, and what is done to all elements.
type origin struct {
	parts   []sourceSpec
	cut     *[2]expression // from and to: those of the rows of all parts that the tensor is; nil: all
	dtype   string         // that of the result, "" for the parts' own
	add     float64        // to every element, in that dtype
	scale   *expression    // that every element is multiplied by, after add; sees what config sees. nil: nothing
	flatten bool           // the elements of its only part in another shape
}

// sourceSpec is a part of a target tensor: a tensor of the model, or rows of one.
type sourceSpec struct {
	name      string         // with {i} in it for a tensor of every layer; "" for zeros
	zeros     bool           // it is in no file
	shape     []*expression  // of the whole tensor; nil: the target's own, for a tensor that is not fused
	order     *orderSpec     // of its rows; nil: their own
	rows      *[2]expression // from and to: those of its rows, in that order, that are the part; nil: all
	transpose *expression    // whether its rows are the target's columns; nil: no
	each      *binding       // repeats it for each number below a size, which replaces {name}; nil: once
}

// originYAML is the long form of an origin.
type originYAML struct {
	From      string        `yaml:"from"`
	Zeros     bool          `yaml:"zeros"`
	Shape     []string      `yaml:"shape"`
	Rows      []string      `yaml:"rows"`
	Permute   yaml.MapSlice `yaml:"permute"`
	Each      yaml.MapSlice `yaml:"each"`
	Transpose string        `yaml:"transpose"`
	Flatten   bool          `yaml:"flatten"`
	Add       float64       `yaml:"add"`
	Scale     string        `yaml:"scale"`
	DType     string        `yaml:"dtype"`
}

// parseOrigin reads a name, a list of parts whose rows follow each other, or "from: name" with
// what is done to it. model has the names that config sees.
func parseOrigin(value any, names, model scope) (origin, error) {
	switch value := value.(type) {
	case string:
		return origin{parts: []sourceSpec{{name: value}}}, nil
	case []any:
		return parseParts(value, names, model)
	}
	o, err := parseLongOrigin(value, names, model)
	if err != nil && len(o.parts) > 0 {
		err = fmt.Errorf("%s: %w", o.parts[0].called(), err)
	}
	return o, err
}

// parseParts reads a list of parts: "name: [shape]" each, or in the long form.
func parseParts(list []any, names, model scope) (o origin, err error) {
	if len(list) > maxParts {
		return o, fmt.Errorf("%d parts: at most %d", len(list), maxParts)
	}
	for _, item := range list {
		one, err := parsePart(item, names, model)
		if err != nil {
			return o, err
		}
		o.parts = append(o.parts, one)
	}
	return o, nil
}

func parsePart(item any, names, model scope) (s sourceSpec, err error) {
	entries, _ := item.(yaml.MapSlice)
	for _, e := range entries {
		if e.Key != "from" && e.Key != "zeros" {
			continue
		}
		o, err := parseLongOrigin(item, names, model)
		switch {
		case err != nil:
			return s, err
		case o.flatten || o.add != 0 || o.scale != nil || o.dtype != "":
			return s, fmt.Errorf("%s: flatten, add, scale and dtype are of a whole tensor, not of one of its parts",
				o.parts[0].called())
		case o.parts[0].shape == nil:
			return s, fmt.Errorf("%s: shape is missing", o.parts[0].called())
		}
		return o.parts[0], nil
	}
	if len(entries) != 1 {
		return s, fmt.Errorf("each entry of the list is one name with its shape, or a part with from or zeros")
	}
	var sizes []string
	if err := remarshal(entries[0].Value, &sizes); err != nil {
		return s, err
	}
	s.name = fmt.Sprint(entries[0].Key)
	s.shape, err = compileShape(sizes, names)
	return s, err
}

// called is what messages call a part.
func (s *sourceSpec) called() string {
	if s.zeros {
		return "zeros"
	}
	return s.name
}

func parseLongOrigin(value any, names, model scope) (origin, error) {
	if list := joinedList(value); list != nil {
		return parseJoined(value.(yaml.MapSlice), list, names)
	}
	var y originYAML
	if err := remarshal(value, &y); err != nil {
		return origin{}, err
	}
	if err := y.check(); err != nil {
		return origin{}, err
	}
	part := sourceSpec{name: y.From, zeros: y.Zeros}
	o := origin{dtype: y.DType, add: y.Add, flatten: y.Flatten}
	var err error
	if len(y.Shape) > 0 {
		if part.shape, err = compileShape(y.Shape, names); err != nil {
			return o, err
		}
	}
	if len(y.Rows) > 0 {
		if part.rows, err = compileRows(y.Rows, names); err != nil {
			return o, fmt.Errorf("rows: %w", err)
		}
	}
	if len(y.Permute) > 0 {
		if part.order, err = parseOrder(y.Permute, names); err != nil {
			return o, fmt.Errorf("permute: %w", err)
		}
	}
	if y.Transpose != "" {
		if part.transpose, err = compile(y.Transpose, names); err != nil {
			return o, fmt.Errorf("transpose: %w", err)
		}
	}
	if y.Scale != "" {
		if o.scale, err = compile(y.Scale, model); err != nil {
			return o, fmt.Errorf("scale: %w", err)
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

// check refuses words that do not go together.
func (y *originYAML) check() error {
	switch {
	case y.From == "" && !y.Zeros:
		return fmt.Errorf("from is missing: the tensor that it is made of")
	case y.From != "" && y.Zeros:
		return fmt.Errorf("%s: zeros come from no tensor", y.From)
	case y.Zeros && (y.Flatten || y.Add != 0 || y.Scale != "" || y.Transpose != "" || len(y.Rows) > 0 ||
		len(y.Permute) > 0 || len(y.Each) > 0):
		return fmt.Errorf("zeros have a shape, and nothing is done to them")
	case len(y.Rows) > 0 && len(y.Shape) == 0:
		return fmt.Errorf("rows needs shape: that of the whole tensor")
	case len(y.Rows) > 0 && (y.Flatten || len(y.Each) > 0):
		return fmt.Errorf("rows does not go together with flatten or each")
	case len(y.Permute) > 0 && (y.Flatten || y.Transpose != ""):
		return fmt.Errorf("permute does not go together with flatten or transpose")
	case y.Add != 0 && y.DType != "float32":
		return fmt.Errorf("add needs dtype: float32, in which it is computed")
	case len(y.Each) > 1:
		return fmt.Errorf("each: expected one name and its size")
	}
	return nil
}

// compileRows reads the first of some rows, and the one after the last.
func compileRows(bounds []string, names scope) (*[2]expression, error) {
	if len(bounds) != 2 {
		return nil, fmt.Errorf("expected [from, to]: the first row, and the one after the last")
	}
	list, err := compileShape(bounds, names)
	if err != nil {
		return nil, err
	}
	return &[2]expression{*list[0], *list[1]}, nil
}
