package tensor

// An Order deals the rows of a tensor out as cards: of every Group rows the first Turned, Unit of them at a
// time, go to one of Ways hands after the other, and the hands follow each other. The other rows stay.
// Turned is a multiple of Unit times Ways.
type Order struct{ Group, Turned, Ways, Unit int64 }

// From returns which row comes to a place.
func (o Order) From(place int64) int64 {
	in := place % o.Group
	if in >= o.Turned {
		return place
	}
	unit, hand := in/o.Unit, o.Turned/o.Unit/o.Ways // units in each hand
	return place - in + (unit%hand*o.Ways+unit/hand)*o.Unit + in%o.Unit
}

// Inverse returns the order that undoes this one.
func (o Order) Inverse() Order {
	o.Ways = o.Turned / o.Unit / o.Ways
	return o
}

// Ordered is what a tensor has in another order.
type Ordered struct {
	Of    *Tensor
	Order Order
	First int64 // of the rows in that order, which comes first
}

// InOrder returns a tensor with the rows of t in another order. Their number is a multiple of Group.
func InOrder(t *Tensor, order Order) *Tensor {
	ordered := *t
	ordered.Stride, ordered.Blocks, ordered.Flat = nil, nil, false
	ordered.Ordered = &Ordered{Of: t, Order: order}
	return &ordered
}

// width returns how many elements a row has.
func (t *Tensor) width() int64 {
	n, _ := Product(t.Shape[1:])
	return n
}

// run returns which element of Of an element is, and how many follow it as they do there, count at most.
func (o *Ordered) run(start, count, width int64) (first, n int64) {
	row, in := o.First+start/width, start%width
	from := o.Order.From(row)
	n = width - in
	for next := int64(1); n < count && o.Order.From(row+next) == from+next; next++ {
		n += width
	}
	return from*width + in, min(n, count)
}

// readOrdered fills p with elements start … start+count of a tensor in another order, cast to dtype.
func (g *Gatherer) readOrdered(p []byte, t *Tensor, dtype DType, start, count int64) error {
	width, size := t.width(), dtype.Size()
	for count > 0 {
		first, n := t.Ordered.run(start, count, width)
		if err := g.readPart(p[:n*size], t.Ordered.Of, dtype, first, n); err != nil {
			return err
		}
		p, start, count = p[n*size:], start+n, count-n
	}
	return nil
}
