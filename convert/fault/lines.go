package fault

import (
	"fmt"
	"regexp"
)

// A Line is what is told of one fault, or of many that differ only in the numbers
// of the tensor's name: a wrong config makes the same fault in every layer.
type Line struct {
	Text string
	Hint string
}

// together is how many faults alike are told one by one before they are told in one line.
const together = 4

var numbers = regexp.MustCompile(`[0-9]+`)

// Lines returns the faults as they are told, in the order in which they were added.
func (l List) Lines() []Line {
	alike := map[Fault]List{}
	for _, f := range l {
		alike[f.pattern()] = append(alike[f.pattern()], f)
	}
	var lines []Line
	for _, f := range l {
		group := alike[f.pattern()]
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
		p.Tensor = numbers.ReplaceAllString(p.Tensor, "#")
	}
	return p
}
