package fault

import (
	"fmt"
	"slices"
	"strings"
)

// A Line is what people are shown of one fault, or of what is left of many of one kind.
type Line struct {
	Text string
	Hint string
}

// most is how many faults of one kind are shown: a wrong config makes the same fault in
// every layer, and a list of a thousand hides the other kinds.
const most = 5

// Lines returns the faults as people are shown them: what explains the others first, then
// kind by kind in the order in which they were added. Every kind is there, with at most
// five faults and how many there are more. Error has them all.
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
		if i == mostKinds {
			return append(lines, Line{Text: fmt.Sprintf("and %d more kinds of fault; --json has all", len(order)-i)})
		}
		faults := kinds[k]
		for _, f := range faults[:min(most, len(faults))] {
			lines = append(lines, Line{f.Error(), faults[0].Hint})
		}
		if more := len(faults) - most; more > 0 {
			lines = append(lines, Line{fmt.Sprintf("and %d more; --json has all", more), faults[0].Hint})
		}
	}
	return lines
}

// mostKinds are shown: a real model has a dozen, a hostile file can make any number.
const mostKinds = 100

// leading returns the faults with those in front that explain the others.
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

// A kind is what faults have in common that differ in the tensor, the file and the values.
type kind struct {
	problem, hint string // without numbers
	lead          bool
	tensor        bool
}

func (f *Fault) kind() kind {
	return kind{withoutNumbers(f.Problem), withoutNumbers(f.Hint), f.Lead, f.Tensor != ""}
}

// withoutNumbers writes # for every run of digits.
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
