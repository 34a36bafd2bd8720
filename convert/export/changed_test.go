package export_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hf2olmo/convert"
	"hf2olmo/convert/converttest"
	"hf2olmo/convert/export"
	fixtures "hf2olmo/testdata/sharded"
)

// TestChangedMeanwhile changes a file of a checkpoint of each kind while it is copied: an error that
// names it, and nothing left.
func TestChangedMeanwhile(t *testing.T) {
	core, err := converttest.Convert(context.Background(), "../../testdata/models/llama",
		convert.Options{Target: "olmo-core", Into: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	root := fixtures.Extract(t)
	for file, source := range map[string]string{
		"model.pt":                     toNative(t, "../../testdata/models/llama"),
		"model_and_optim/__0_0.distcp": core.Output,
		"model_and_optim/__1_0.distcp": filepath.Join(root, "core", "olmo2-tp2fsdp2-adamw"),
	} {
		for name, change := range converttest.Changes {
			dir, o := filepath.Join(t.TempDir(), "x-unsharded"), export.Options{Into: t.TempDir()}
			if err := os.CopyFS(dir, os.DirFS(source)); err != nil {
				t.Fatal(err)
			}
			o.Folder.Jobs = 1
			o.Folder.Progress = &converttest.Meanwhile{Do: func() {
				if err := change(filepath.Join(dir, filepath.FromSlash(file))); err != nil {
					t.Error(err)
				}
			}}
			if _, err := write(dir, o); err == nil || !strings.Contains(err.Error(), file) {
				t.Errorf("%s, %s: %v", file, name, err)
			}
			if left, _ := os.ReadDir(o.Into); len(left) > 0 {
				t.Errorf("%s, %s: %s was left", file, name, left[0].Name())
			}
		}
	}
}
