package unshard_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hf2olmo/convert/converttest"
	"hf2olmo/convert/unshard"
	fixtures "hf2olmo/testdata/sharded"
)

// TestChangedMeanwhile changes a file of a rank while it is copied: an error that names it, and nothing left.
func TestChangedMeanwhile(t *testing.T) {
	root := filepath.Join(fixtures.Extract(t), "olmo")
	for source, file := range map[string]string{
		"t215-torch_legacy": "rank1.pt",
		"t215-torch_new":    "model_and_optim/__1_0.distcp",
		"t215-olmo_core":    "optim/rank_1.safetensors",
		"t22-local":         "model/rank1.pt",
	} {
		for name, change := range converttest.Changes {
			dir, o := filepath.Join(t.TempDir(), "step3"), options(t)
			must(t, os.CopyFS(dir, os.DirFS(filepath.Join(root, source, "step3"))))
			o.Folder.Jobs = 1
			o.Folder.Progress = &converttest.Meanwhile{Do: func() {
				must(t, change(filepath.Join(dir, filepath.FromSlash(file))))
			}}
			u, err := unshard.Prepare(context.Background(), dir, o)
			must(t, err)
			if _, err = u.Write(context.Background()); err == nil || !strings.Contains(err.Error(), file) {
				t.Errorf("%s, %s: %v, want %s in it", source, name, err, file)
			}
			if left, _ := os.ReadDir(o.Into); len(left) > 0 {
				t.Errorf("%s, %s: %s was left", source, name, left[0].Name())
			}
		}
	}
}
