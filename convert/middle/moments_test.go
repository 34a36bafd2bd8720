package middle_test

import (
	"context"
	"path/filepath"
	"slices"
	"testing"

	"hf2olmo/convert/middle"
	"hf2olmo/convert/tensor"
	fixtures "hf2olmo/testdata/sharded"
)

// TestMoments: the moments of what was split are the same rows of the fused parameter's, and its
// step is that of each part.
func TestMoments(t *testing.T) {
	path := filepath.Join(fixtures.Extract(t), "core", "olmo2-fsdp-names")
	m, err := middle.Open(context.Background(), path, middle.Options{Optimizer: true})
	if err != nil {
		t.Fatal(err)
	}
	for i := range m.Tensors {
		weight := &m.Tensors[i]
		moments := middle.Moments(m, i)
		for _, name := range []string{"exp_avg", "exp_avg_sq", "step"} {
			one, ok := moments[name]
			if !ok || one.Name != weight.Name+"."+name || one.Content.DType != tensor.Float32 {
				t.Fatalf("%s of %s: %+v", name, weight.Name, one)
			}
			if name == "step" {
				if len(one.Shape) != 0 || one.Content.Numel() != 1 {
					t.Errorf("%s has shape %v", one.Name, one.Shape)
				}
				continue
			}
			part, of := one.Content.Parts[0], weight.Content.Parts[0]
			if !slices.Equal(one.Shape, weight.Shape) || !slices.Equal(part.Shape, of.Shape) ||
				part.Name != of.Name+"."+name || len(part.Blocks) != len(of.Blocks) {
				t.Errorf("%s is %v of %s, not as %s is of %s", one.Name, part.Shape, part.Name, weight.Name, of.Name)
			}
		}
	}
	alone, err := middle.Open(context.Background(), path, middle.Options{})
	if err != nil || middle.Moments(alone, 0) != nil {
		t.Errorf("without the optimizer: %v, %v", middle.Moments(alone, 0), err)
	}
}
