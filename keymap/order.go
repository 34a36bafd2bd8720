package keymap

import (
	"fmt"

	"github.com/goccy/go-yaml"
)

// An Order is what permute does to the rows of a tensor: of every Group rows the first Turned, Unit of them at a
// time, go to one of Ways hands after the other, as cards are dealt, and the hands follow each other. The other
// rows stay. The zero value leaves all rows where they are.
type Order struct{ Group, Turned, Ways, Unit int64 }

// orderSpec is a named permutation of the rows of a tensor.
type orderSpec struct {
	name  string
	sizes [2]expression
}

// permutations are the names, and what the two sizes of each are.
var permutations = map[string]string{
	"halves": "[rows of a head, how many of them are rotated]", // rope's pairs become two halves
	"apart":  "[ways, rows of each]",                           // what takes turns comes apart
}

func parseOrder(items yaml.MapSlice, names scope) (*orderSpec, error) {
	if len(items) != 1 {
		return nil, fmt.Errorf("expected one permutation and its sizes")
	}
	o := &orderSpec{name: fmt.Sprint(items[0].Key)}
	sizes, known := permutations[o.name]
	if !known {
		return nil, fmt.Errorf("no permutation is called %q", o.name)
	}
	var texts []string
	if err := remarshal(items[0].Value, &texts); err != nil {
		return nil, err
	}
	if len(texts) != 2 {
		return nil, fmt.Errorf("%s: expected %s", o.name, sizes)
	}
	list, err := compileShape(texts, names)
	if err != nil {
		return nil, err
	}
	o.sizes = [2]expression{*list[0], *list[1]}
	return o, nil
}

// plan returns the order for a tensor with so many rows.
func (o *orderSpec) plan(rows int64, env map[string]any) (order Order, err error) {
	first, err := o.sizes[0].int(env)
	if err != nil {
		return order, err
	}
	second, err := o.sizes[1].int(env)
	if err != nil {
		return order, err
	}
	order = Order{Group: rows, Turned: rows, Ways: first, Unit: second}
	if o.name == "halves" {
		order = Order{Group: first, Turned: second, Ways: 2, Unit: 1}
	}
	switch {
	case order.Turned == 0 && order.Group > 0 && rows%order.Group == 0:
		return Order{}, nil
	case order.Group < 1 || rows%order.Group != 0 || order.Turned > order.Group || order.Ways < 1 || order.Unit < 1 ||
		order.Turned%order.Ways != 0 || order.Turned/order.Ways%order.Unit != 0:
		return order, fmt.Errorf("%s [%d, %d] of %d rows: expected %s, which divide them", o.name, first, second, rows,
			permutations[o.name])
	}
	return order, nil
}
