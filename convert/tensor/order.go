package tensor

import "slices"

// An Order deals the rows of a tensor out as cards: of every Group rows the first Turned, Unit of them at a
// time, go to one of Ways hands after the other, and the hands follow each other. The other rows stay.
// Turned is a multiple of Unit times Ways. The zero value leaves all rows where they are.
type Order struct{ Group, Turned, Ways, Unit int64 }

// From returns which row comes to a place.
func (o Order) From(place int64) int64 {
	if o == (Order{}) || place%o.Group >= o.Turned {
		return place
	}
	in := place % o.Group
	unit, hand := in/o.Unit, o.Turned/o.Unit/o.Ways // units in each hand
	return place - in + (unit%hand*o.Ways+unit/hand)*o.Unit + in%o.Unit
}

// Inverse returns the order that undoes this one.
func (o Order) Inverse() Order {
	if o == (Order{}) {
		return o
	}
	o.Ways = o.Turned / o.Unit / o.Ways
	return o
}

// Ordered is whose rows a tensor has, in another order.
type Ordered struct {
	Of    []*Tensor // their rows follow each other
	Order Order
	First int64 // of the rows in that order, which comes first
}

// InOrder returns a tensor with the rows of others, which follow each other, in another order. Their number
// is a multiple of Group; they have one dtype, and rows of one length.
func InOrder(order Order, tensors ...*Tensor) *Tensor {
	ordered := *tensors[0]
	ordered.Stride, ordered.Blocks, ordered.Flat = nil, nil, false
	ordered.Shape = slices.Clone(ordered.Shape)
	for _, t := range tensors[1:] {
		ordered.Shape[0] += t.Shape[0]
	}
	ordered.Ordered = &Ordered{Of: tensors, Order: order}
	return &ordered
}

// width returns how many elements a row has.
func (t *Tensor) width() int64 {
	n, _ := Product(t.Shape[1:])
	return n
}

// run returns which element of which tensor an element is, and how many follow it as they do there, count at
// most.
func (o *Ordered) run(start, count, width int64) (of *Tensor, first, n int64) {
	row, in := o.First+start/width, start%width
	from := o.Order.From(row)
	before, i := int64(0), 0
	for ; from-before >= o.Of[i].Shape[0]; i++ {
		before += o.Of[i].Shape[0]
	}
	n = width - in
	for next := int64(1); n < count && o.Order.From(row+next) == from+next && from+next-before < o.Of[i].Shape[0]; next++ {
		n += width
	}
	return o.Of[i], (from-before)*width + in, min(n, count)
}

// readOrdered fills p with elements start … start+count of a tensor in another order, cast to dtype.
func (g *Gatherer) readOrdered(p []byte, t *Tensor, dtype DType, start, count int64) error {
	width, size := t.width(), dtype.Size()
	for count > 0 {
		of, first, n := t.Ordered.run(start, count, width)
		if err := g.readPart(p[:n*size], of, dtype, first, n); err != nil {
			return err
		}
		p, start, count = p[n*size:], start+n, count-n
	}
	return nil
}
