package fault

import (
	"fmt"
	"slices"
	"strings"
)

// A Line is one fault as it is printed, or the number of those of its kind that are not.
type Line struct {
	Text string
	Hint string
}

// maxPerKind is how many faults of one kind are printed: a wrong config causes the same fault in every layer, and a
// thousand of these would hide the other kinds.
const maxPerKind = 5

// Lines returns the faults as they are printed: first those that explain others, then kind by kind in the order in
// which they were added. It has every kind, with at most five faults and the number of the others. Error has all.
func (l List) Lines() []Line {
	kinds := map[kind]List{}
	var order []kind
	for _, f := range l.leading() {
		k := f.kind()
		if kinds[k] == nil {
			order = append(order, k)
		}
		kinds[k] = append(kinds[k], f)
	}
	var lines []Line
	for i, k := range order {
		if i == maxKinds {
			return append(lines, Line{Text: fmt.Sprintf("and %d more kinds of problems; --json lists all", len(order)-i)})
		}
		faults := kinds[k]
		for _, f := range faults[:min(maxPerKind, len(faults))] {
			lines = append(lines, Line{f.Error(), faults[0].Hint})
		}
		if more := len(faults) - maxPerKind; more > 0 {
			lines = append(lines, Line{fmt.Sprintf("and %d more; --json lists all", more), faults[0].Hint})
		}
	}
	return lines
}

// maxKinds is how many kinds are printed: a real model has a dozen, a hostile file can cause any number.
const maxKinds = 100

// leading returns the faults with those that explain others in front.
func (l List) leading() List {
	if !slices.ContainsFunc(l, func(f *Fault) bool { return f.Lead }) {
		return l
	}
	l = slices.Clone(l)
	slices.SortStableFunc(l, func(a, b *Fault) int {
		switch {
		case a.Lead == b.Lead:
			return 0
		case a.Lead:
			return -1
		}
		return 1
	})
	return l
}

// A kind is what faults have in common that differ only in file, tensor and numbers.
type kind struct {
	problem, hint string // without numbers
	lead          bool
	tensor        bool
}

func (f *Fault) kind() kind {
	return kind{withoutNumbers(f.Problem), withoutNumbers(f.Hint), f.Lead, f.Tensor != ""}
}

// withoutNumbers replaces every run of digits by #.
func withoutNumbers(text string) string {
	var b strings.Builder
	for i := range len(text) {
		switch c := text[i]; {
		case c < '0' || c > '9':
			b.WriteByte(c)
		case i == 0 || text[i-1] < '0' || text[i-1] > '9':
			b.WriteByte('#')
		}
	}
	return b.String()
}
