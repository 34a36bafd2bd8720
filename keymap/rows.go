package keymap

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// A RowRange is rows of a tensor: From is the first, To the one after the last. The zero value is all of them.
type RowRange struct{ From, To int64 }

// count returns how many they are of a tensor with so many.
func (r RowRange) count(all int64) int64 {
	if r == (RowRange{}) {
		return all
	}
	return r.To - r.From
}

// rowUse is which of a tensor's rows the plan uses, in any order.
type rowUse struct {
	shape  []int64
	order  Order
	ranges []RowRange
}

// checkRows checks that of every tensor that is cut each row is used once, or dropped: a table that loses
// rows, or has them twice, would make a model that computes something else.
func (p *Plan) checkRows() error {
	cut := map[string]*rowUse{}
	for _, t := range p.Tensors {
		for _, part := range t.Parts {
			if part.Rows != (RowRange{}) {
				cut[part.Name] = &rowUse{shape: part.Shape, order: part.Order}
			}
		}
	}
	if len(cut) == 0 {
		return nil
	}
	for _, t := range p.Tensors {
		for _, part := range t.Parts {
			use := cut[part.Name]
			switch {
			case part.Zeros || use == nil:
				continue
			case !slices.Equal(use.shape, part.Shape):
				return fmt.Errorf("%s: has the shape %v and the shape %v", part.Name, use.shape, part.Shape)
			case use.order != part.Order:
				return fmt.Errorf("%s: is permuted for some of its parts only", part.Name)
			}
			use.ranges = append(use.ranges, RowRange{part.Rows.From, part.Rows.From + part.Rows.count(part.Shape[0])})
		}
	}
	for _, d := range p.Drop {
		if use := cut[d.Name]; use != nil && d.Rows != (RowRange{}) {
			use.ranges = append(use.ranges, d.Rows)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(cut)) {
		if err := cut[name].check(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (u *rowUse) check() error {
	slices.SortFunc(u.ranges, func(a, b RowRange) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	next := int64(0)
	for _, r := range u.ranges {
		switch {
		case r.From > next:
			return fmt.Errorf("rows %d to %d are neither used nor dropped", next, r.From-1)
		case r.From < next:
			return fmt.Errorf("rows %d to %d are used twice", r.From, min(r.To, next)-1)
		}
		next = r.To
	}
	switch all := u.shape[0]; {
	case next < all:
		return fmt.Errorf("rows %d to %d are neither used nor dropped", next, all-1)
	case next > all:
		return fmt.Errorf("rows %d to %d are dropped, and it has %d", all, next-1, all)
	}
	return nil
}
