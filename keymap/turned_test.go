package keymap

import (
	"fmt"
	"strings"
	"testing"
)

// TestTurn turns plans around: rows are joined again, permutations inverted, zeros left out.
func TestTurn(t *testing.T) {
	cut := func(from, to int64) Part {
		return Part{Name: "a", Shape: []int64{6, 4}, Rows: RowRange{from, to}}
	}
	ordered := func(p Part) Part {
		p.Order = Order{6, 6, 2, 1}
		return p
	}
	whole := Part{Name: "b", Shape: []int64{2, 4}}
	for i, c := range []struct {
		tensors []PlannedTensor
		want    string
	}{
		{[]PlannedTensor{{Name: "x", Shape: []int64{2, 4}, Parts: []Part{whole}}}, "b x[0+2]"},
		{[]PlannedTensor{{Name: "x", Shape: []int64{4, 4}, Parts: []Part{cut(2, 6)}},
			{Name: "y", Shape: []int64{4, 4}, Parts: []Part{whole, cut(0, 2)}}}, "a y[2+2] x[0+4]; b y[0+2]"},
		{[]PlannedTensor{{Name: "x", Shape: []int64{5, 4}, Parts: []Part{{Zeros: true, Shape: []int64{3, 4}}, whole}}},
			"b x[3+2]; zeros x[0+3]"},
		{[]PlannedTensor{{Name: "x", Shape: []int64{4, 4}, Parts: []Part{ordered(cut(0, 4))}},
			{Name: "y", Shape: []int64{2, 4}, Parts: []Part{ordered(cut(4, 6))}}}, "a x[0+4] y[0+2] {6 6 3 1}"},
		{[]PlannedTensor{{Name: "x", Shape: []int64{2, 4}, Parts: []Part{whole}, Scale: 3, Add: 1}}, "b x[0+2] ÷3 -1"},
		{[]PlannedTensor{{Name: "x", Shape: []int64{4, 4}, Parts: []Part{cut(2, 6)}}}, "rows of a that are dropped"},
		{[]PlannedTensor{{Name: "x", Shape: []int64{4, 4}, Parts: []Part{cut(0, 4)}}}, "rows of a that are dropped"},
		{[]PlannedTensor{{Name: "x", Shape: []int64{4, 4}, Parts: []Part{cut(2, 6)}},
			{Name: "y", Shape: []int64{2, 4}, Parts: []Part{cut(0, 2)}, Scale: 2}},
			"what is done to some of the rows of a"},
		{[]PlannedTensor{{Name: "x", Shape: []int64{4, 4}, Parts: []Part{{Name: "a", Shape: []int64{6, 4},
			Rows: RowRange{2, 6}, Transposed: true}}}}, "rows of a, which are columns"},
	} {
		turned, got := (&Plan{Tensors: c.tensors}).turn()
		if got == "" {
			got = inWords(&turned)
		}
		if got != c.want {
			t.Errorf("%d: %s, want %s", i, got, c.want)
		}
	}
}

func inWords(t *turned) string {
	pieces := func(list []Piece) (text string) {
		for _, p := range list {
			text += fmt.Sprintf(" %s[%d+%d]", p.From, p.First, p.Count)
		}
		return text
	}
	var list []string
	for _, one := range t.tensors {
		text := one.Name + pieces(one.Pieces)
		if one.Order != (Order{}) {
			text += fmt.Sprintf(" %v", one.Order)
		}
		if one.Scale != 0 {
			text += fmt.Sprintf(" ÷%v", one.Scale)
		}
		if one.Add != 0 {
			text += fmt.Sprintf(" %+v", one.Add)
		}
		list = append(list, text)
	}
	if t.zeros != nil {
		list = append(list, "zeros"+pieces(t.zeros))
	}
	return strings.Join(list, "; ")
}
