package main

import (
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/fault"
)

// madeOf says what a tensor is made of: the tensors whose rows follow each other in it, and what is done to
// their elements.
func madeOf(t *assemble.Tensor) string {
	if t.Same != "" {
		return "same as " + t.Same
	}
	var parts []string
	for _, p := range t.Content.Parts {
		parts = append(parts, fault.Printable(p.Called()))
	}
	if t.Content.Add != 0 {
		parts = append(parts, fmt.Sprint(t.Content.Add))
	}
	sum := strings.Join(parts, " + ")
	switch {
	case t.Content.Scale == 0:
		return sum
	case len(parts) > 1:
		sum = "(" + sum + ")"
	}
	return fmt.Sprintf("%s × %v", sum, t.Content.Scale)
}

// leftOut says what of a model the trainer has no use for.
func (r *report) leftOut(rec convertRecord) {
	for _, p := range rec.LeftOut {
		r.say("  left out: %s of %s (%s)\n", fault.Plural(p.Tensors, "tensor"), fault.Printable(p.Of),
			humanize.Bytes(uint64(p.Bytes)))
	}
}
