package verify_test

import (
	"context"
	"path/filepath"
	"testing"

	"hf2olmo/convert/between"
	fixtures "hf2olmo/testdata/sharded"
)

// TestVerifyThereAndBack: a sharded checkpoint that went to OLMo-core and came back is no unsharding of it.
// Its files say in other words what the checkpoint says.
func TestVerifyThereAndBack(t *testing.T) {
	root := filepath.Join(fixtures.Extract(t), "olmo")
	for _, name := range []string{"t215-torch_legacy", "t215-torch_new", "t22-tied_local", "t215-olmo_core3"} {
		source := filepath.Join(root, name, "step3")
		back := crossed(t, crossed(t, source, "olmo-core"), "olmo")
		for _, p := range []pair{{source, back}, {back, source}} {
			if v := verified(t, p.source, p.made); !v.Same() || v.Moments == 0 {
				t.Errorf("%s: %+v", name, v)
			}
		}
	}
}

// crossed carries a checkpoint over to a trainer.
func crossed(t *testing.T, source, target string) string {
	t.Helper()
	c, err := between.Prepare(context.Background(), source, between.Options{Target: target, Into: t.TempDir()})
	must(t, err)
	r, err := c.Write(context.Background())
	must(t, err)
	return r.Output
}
