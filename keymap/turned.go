package keymap

import (
	"cmp"
	"fmt"
	"slices"
)

// An ExportedTensor is a tensor of the Hugging Face model, made of rows of native ones.
type ExportedTensor struct {
	Name   string
	Shape  []int64
	Pieces []Piece // follow each other; one, but of a tensor that the table cuts into rows
	// Order is that of the rows of all pieces; the zero value leaves them as they are.
	Order      Order
	Transposed bool    // the rows are its columns
	Flat       bool    // the rows have another shape, with the same elements in the same order
	Widened    bool    // the trainer has it in float32 whatever the type of the others is
	Scale      float64 // that every element is divided by; 0 for nothing
	Add        float64 // to every element after that, computed in float32
}

// A Piece is rows of a native tensor.
type Piece struct {
	From         string
	First, Count int64
}

// Tied are two native tensors that must be equal bit for bit, of which the Hugging Face model has one.
type Tied struct{ Name, Same string }

// turned is a plan the other way around.
type turned struct {
	tensors []ExportedTensor
	tied    []Tied
	zeros   []Piece
}

// rows is a piece of a tensor that the plan cuts, and where in that tensor it begins.
type rowsOf struct {
	from  int64
	piece Piece
}

// turn returns the tensors that the plan's tensors are made of, as what they are cut from; or why there are none
// of them, as what follows "the way back of".
func (p *Plan) turn() (t turned, oneWay string) {
	joined := map[string][]rowsOf{}
	at := map[string]int{} // of those that are cut, in tensors
	for _, planned := range p.Tensors {
		if planned.Same != "" {
			t.tied = append(t.tied, Tied{planned.Name, planned.Same})
			continue
		}
		row := int64(0)
		for _, part := range planned.Parts {
			one := planned.turn(part, row)
			piece := one.Pieces[0]
			row += piece.Count
			switch i, known := at[part.Name]; {
			case part.Zeros:
				t.zeros = append(t.zeros, piece)
				continue
			case known && !one.alike(&t.tensors[i]):
				return t, "what is done to some of the rows of " + part.Name
			case part.Transposed && part.Rows != (RowRange{}):
				return t, "rows of " + part.Name + ", which are columns"
			case part.Rows == (RowRange{}):
				t.tensors = append(t.tensors, one)
				continue
			case !known:
				at[part.Name] = len(t.tensors)
				t.tensors = append(t.tensors, one)
			}
			joined[part.Name] = append(joined[part.Name], rowsOf{part.Rows.From, piece})
		}
	}
	for name, i := range at {
		if !t.tensors[i].join(joined[name]) {
			return t, fmt.Sprintf("rows of %s that are dropped", name)
		}
	}
	return t, ""
}

// turn returns what a part becomes that begins at a row of a tensor.
func (t *PlannedTensor) turn(part Part, row int64) ExportedTensor {
	one := ExportedTensor{Name: part.Name, Shape: part.Shape, Order: part.Order.inverse(), Transposed: part.Transposed,
		Widened: t.DType != "", Scale: t.Scale, Add: -t.Add}
	piece := Piece{t.Name, row, part.Target()[0]}
	if one.Flat = len(t.Parts) == 1 && !slices.Equal(part.Target(), t.Shape); one.Flat {
		piece.Count = t.Shape[0]
	}
	one.Pieces = []Piece{piece}
	return one
}

// alike reports whether the same is done to two pieces of one tensor.
func (t *ExportedTensor) alike(other *ExportedTensor) bool {
	return t.Order == other.Order && t.Transposed == other.Transposed && t.Widened == other.Widened &&
		t.Scale == other.Scale && t.Add == other.Add && slices.Equal(t.Shape, other.Shape)
}

// join makes the tensor one of all its pieces, and reports whether they are all of its rows.
func (t *ExportedTensor) join(pieces []rowsOf) bool {
	slices.SortFunc(pieces, func(a, b rowsOf) int { return cmp.Compare(a.from, b.from) })
	t.Pieces = nil
	next := int64(0)
	for _, p := range pieces {
		if p.from != next {
			return false
		}
		t.Pieces = append(t.Pieces, p.piece)
		next += p.piece.Count
	}
	return next == t.Shape[0]
}

// inverse returns the order that undoes this one.
func (o Order) inverse() Order {
	if o != (Order{}) {
		o.Ways = o.Turned / o.Unit / o.Ways
	}
	return o
}
