package fault

import (
	"fmt"
	"strings"
)

// A Line is what is told of one fault, or of many that differ only in the numbers
// of the tensor's name: a wrong config makes the same fault in every layer.
type Line struct {
	Text string
	Hint string
}

// together is how many faults alike are told one by one before they are told in one line.
const together = 4

// mostLines are told of one model: nobody reads more, and a hostile file can make
// any number.
const mostLines = 500

// Lines returns the faults as they are told, in the order in which they were added.
func (l List) Lines() []Line {
	alike := map[Fault]List{}
	for _, f := range l {
		alike[f.pattern()] = append(alike[f.pattern()], f)
	}
	var lines []Line
	for i, f := range l {
		group := alike[f.pattern()]
		if len(lines) == mostLines {
			return append(lines, Line{Text: fmt.Sprintf("and more: %d faults in all, of which those after %d are not listed", len(l), i)})
		}
		switch {
		case len(group) < together:
			lines = append(lines, Line{f.Error(), f.Hint})
		case group[0] == f:
			all := *f
			all.Tensor = fmt.Sprintf("%s to %s (%d tensors)", f.Tensor, group[len(group)-1].Tensor, len(group))
			lines = append(lines, Line{all.Error(), f.Hint})
		}
	}
	return lines
}

// pattern is the fault without the numbers of its tensor's name.
func (f *Fault) pattern() Fault {
	p := *f
	if p.Tensor != "" {
		p.Tensor = withoutNumbers(p.Tensor)
	}
	return p
}

// withoutNumbers writes # for every run of digits.
func withoutNumbers(name string) string {
	var b strings.Builder
	for i := range len(name) {
		switch c := name[i]; {
		case c < '0' || c > '9':
			b.WriteByte(c)
		case i == 0 || name[i-1] < '0' || name[i-1] > '9':
			b.WriteByte('#')
		}
	}
	return b.String()
}
