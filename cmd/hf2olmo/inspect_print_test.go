package main

import (
	"strings"
	"testing"

	"hf2olmo/convert/inspect"
)

// TestBlocks: blocks are in the order of their numbers, and an optimizer is one.
func TestBlocks(t *testing.T) {
	r := &inspect.Report{}
	for _, name := range []string{"lm_head.weight", "layers.0.a", "layers.10.a", "layers.2.a", "layers.2.b", "norm"} {
		r.Tensors = append(r.Tensors, inspect.Tensor{Name: name, Parameters: 1})
	}
	for _, name := range []string{"optim.state.layers.0.a.step", "optim.state.layers.1.a.step"} {
		r.Tensors = append(r.Tensors, inspect.Tensor{Name: name, Part: inspect.OptimizerPart})
	}
	var got []string
	for _, total := range blocks(r) {
		got = append(got, strings.Repeat(total.Name+" ", total.Tensors))
	}
	want := "lm_head.weight |layers.0 |layers.2 layers.2 |layers.10 |norm |optimizer optimizer "
	if strings.Join(got, "|") != want {
		t.Errorf("%s, want %s", strings.Join(got, "|"), want)
	}
}
