package between_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hf2olmo/convert/between"
	"hf2olmo/convert/native"
	"hf2olmo/convert/output"
	"hf2olmo/convert/tensor"
	fixtures "hf2olmo/testdata/sharded"
)

// TestOptions leaves the optimizer out, casts, and leaves alone what is there.
func TestOptions(t *testing.T) {
	core := filepath.Join(fixtures.Extract(t), "core")
	for _, c := range []struct{ target, source string }{{"olmo-core", "olmo2-fsdp-names"}, {"olmo", "olmo2-ddp2-skip"}} {
		source, into := filepath.Join(core, c.source), t.TempDir()
		_, r := cross(t, source, between.Options{Target: c.target, Into: into, NoOptimizer: true})
		made, err := native.Open(context.Background(), r.Output)
		must(t, err)
		if r.Moments != 0 || len(made.Optim) > 0 || len(made.Settings) > 0 || made.Step != 3 {
			t.Errorf("%s: %d moments, step %d", c.target, r.Moments, made.Step)
		}
		again := between.Options{Target: c.target, Into: into}
		if _, err := between.Prepare(context.Background(), source, again); err == nil ||
			!strings.Contains(err.Error(), "converted with --no-optimizer (now: without)") {
			t.Errorf("%s: %v", c.target, err)
		}
		again.Folder = output.Options{Force: true}
		again.DType = tensor.BFloat16
		_, r = cross(t, source, again)
		made, err = native.Open(context.Background(), r.Output)
		must(t, err)
		for _, full := range made.Tensors() {
			if want := tensor.BFloat16; full.DType != want && len(full.Shape) > 0 {
				t.Errorf("%s: %s is of %s", c.target, full.Name, full.DType)
			}
		}
		again.Folder.Force = false
		if _, r = cross(t, source, again); !r.Unchanged {
			t.Errorf("%s: written again", c.target)
		}
		config := filepath.Join(source, "config.yaml")
		if c.target == "olmo" {
			config = filepath.Join(source, "config.json")
		}
		must(t, os.WriteFile(config, append(readFile(t, config), '\n'), 0o666))
		if _, err := between.Prepare(context.Background(), source, again); err == nil ||
			!strings.Contains(err.Error(), "already exists") {
			t.Errorf("%s: %v", c.target, err)
		}
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	return data
}
