package between_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"slices"
	"testing"

	"hf2olmo/convert/between"
	"hf2olmo/convert/native"
	fixtures "hf2olmo/testdata/sharded"
)

// TestLayouts carries sharded checkpoints of allenai/OLMo, in every layout that it writes, over to
// OLMo-core and back: every tensor has the bits that the ranks held.
func TestLayouts(t *testing.T) {
	layouts := []string{"t215-torch_legacy", "t215-torch_new", "t22-local", "t215-olmo_core", "t215-olmo_core3",
		"t215-tied_legacy", "t215-hsdp_new", "t215-clip_new"}
	for _, run := range fixtures.Runs(t) {
		name := filepath.Base(run.Dir)
		if !slices.Contains(layouts, name) {
			continue
		}
		_, there := cross(t, run.Dir, between.Options{Target: "olmo-core"})
		_, back := cross(t, there.Output, between.Options{Target: "olmo"})
		c, err := native.Open(context.Background(), back.Output)
		must(t, err)
		want := run.Model
		for parameter, state := range run.Optim {
			for moment, sum := range state {
				if moment != "grad_norm_exp_avg" { // of adaptive clipping, which OLMo-core has not
					want[parameter+"."+moment] = sum
				}
			}
		}
		if got := c.Tensors(); len(got) != len(want) || c.Step != run.Step {
			t.Errorf("%s: %d tensors at step %d, want %d at step %d", name, len(got), c.Step, len(want), run.Step)
		}
		for _, full := range c.Tensors() {
			sum := sha256.Sum256(read(t, full))
			if s := want[full.Name]; full.DType.String() != s.DType || !slices.Equal(full.Shape, s.Shape) ||
				hex.EncodeToString(sum[:]) != s.SHA256 {
				t.Errorf("%s: %s has another dtype, shape or bytes than the ranks had", name, full.Name)
			}
		}
	}
}
