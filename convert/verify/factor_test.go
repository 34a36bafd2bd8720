package verify_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"hf2olmo/convert"
	"hf2olmo/convert/converttest"
	"hf2olmo/convert/export"
)

// TestFactor: a factor that a checkpoint has in its tensors, and the model that was made of it computes with, is no
// difference, whichever of the two is the reference.
func TestFactor(t *testing.T) {
	trained := filepath.Join(t.TempDir(), "gemma3-scaled")
	must(t, os.CopyFS(trained, os.DirFS(filepath.Join(testdata, "models-olmo-core", "gemma3-scaled"))))
	converttest.Edit(t, filepath.Join(trained, "config.json"), `"query_pre_attn_scalar": 6`, `"query_pre_attn_scalar": 9`)
	r, err := converttest.Convert(context.Background(), trained, convert.Options{Target: "olmo-core", Into: t.TempDir()})
	must(t, err)
	for _, like := range []string{trained, ""} {
		out := exported(t, r.Output, export.Options{Like: like})
		if v := verified(t, r.Output, out); !v.Same() || v.Tensors == 0 {
			t.Errorf("like %q: %+v", like, v)
		}
	}
}
