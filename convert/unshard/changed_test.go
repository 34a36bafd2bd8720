package unshard_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/unshard"
	fixtures "hf2olmo/testdata/sharded"
)

// meanwhile does something once, when the first piece was copied.
type meanwhile struct {
	once sync.Once
	do   func()
}

func (m *meanwhile) Start(string, assemble.Work, int64) {}
func (m *meanwhile) Add(int64)                          { m.once.Do(m.do) }
func (m *meanwhile) Stop()                              {}

// TestChangedMeanwhile changes a file of a rank while it is copied: an error that names it, and nothing left.
func TestChangedMeanwhile(t *testing.T) {
	root := filepath.Join(fixtures.Extract(t), "olmo")
	for source, file := range map[string]string{
		"t215-torch_legacy": "rank1.pt",
		"t215-torch_new":    "model_and_optim/__1_0.distcp",
		"t215-olmo_core":    "optim/rank_1.safetensors",
		"t22-local":         "model/rank1.pt",
	} {
		for name, change := range map[string]func(path string) error{
			"cut":      func(path string) error { return os.Truncate(path, 700) },
			"appended": func(path string) error { return os.Truncate(path, 1<<20) },
			"touched":  func(path string) error { return os.Chtimes(path, time.Time{}, time.Now().Add(time.Hour)) },
			"edited": func(path string) error {
				text, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				text[len(text)/2] ^= 1
				time.Sleep(5 * time.Millisecond) // no clock of a file system is finer than that
				return os.WriteFile(path, text, 0o666)
			},
		} {
			dir, o := filepath.Join(t.TempDir(), "step3"), options(t)
			must(t, os.CopyFS(dir, os.DirFS(filepath.Join(root, source, "step3"))))
			o.Folder.Jobs = 1
			o.Folder.Progress = &meanwhile{do: func() { must(t, change(filepath.Join(dir, filepath.FromSlash(file)))) }}
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
