package unshard_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hf2olmo/convert/native"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/tensor"
	fixtures "hf2olmo/testdata/sharded"
)

// TestOptions leaves the optimizer out, casts, and names another tokenizer.
func TestOptions(t *testing.T) {
	root := fixtures.Extract(t)
	step := filepath.Join(root, "olmo", "t215-torch_new", "step3")
	o := options(t)
	o.NoOptimizer = true
	r, err := run(t, step, o)
	must(t, err)
	if _, err := os.Stat(filepath.Join(r.Output, olmo.OptimizerFile)); err == nil || !strings.Contains(r.Command,
		"--reset_optimizer_state=true") {
		t.Errorf("%v, %s", err, r.Command)
	}
	o = options(t)
	o.DType, o.Tokenizer = tensor.BFloat16, "allenai/dolma2-tokenizer"
	r, err = run(t, step, o)
	must(t, err)
	c, err := native.Open(context.Background(), r.Output)
	must(t, err)
	for _, full := range c.Tensors() {
		want := tensor.BFloat16
		if len(full.Shape) == 0 { // step
			want = tensor.Float32
		}
		if full.DType != want {
			t.Errorf("%s is %s, want %s", full.Name, full.DType, want)
		}
	}
	written, err := olmo.ReadConfig(r.Output)
	must(t, err)
	if written.Tokenizer != o.Tokenizer || !strings.Contains(strings.Join(r.Warnings, "\n"), "the tokenizer was ") {
		t.Errorf("tokenizer %s, warnings %v", written.Tokenizer, r.Warnings)
	}
	o = options(t)
	o.DType = tensor.BFloat16
	for _, name := range []string{"olmo2-single-ids", "olmo2-fsdp-names"} {
		source, err := native.Open(context.Background(), filepath.Join(root, "core", name))
		must(t, err)
		o.Output = filepath.Join(o.Into, name)
		r, err := run(t, filepath.Join(root, "core", name), o)
		must(t, err)
		c, err := native.Open(context.Background(), r.Output)
		must(t, err)
		if got, want := fmt.Sprint(c.Groups[0].Get("params")), fmt.Sprint(source.Groups[0].Get("params")); got != want {
			t.Errorf("%s: params are %s, want %s", name, got, want)
		}
	}
}

// TestUnchanged runs twice, with other options, and after something was changed.
func TestUnchanged(t *testing.T) {
	step := filepath.Join(fixtures.Extract(t), "olmo", "t22-local", "step3")
	o := options(t)
	if r, err := run(t, step, o); err != nil || r.Unchanged {
		t.Fatalf("%+v, %v", r, err)
	}
	if r, err := run(t, step, o); err != nil || !r.Unchanged {
		t.Errorf("%+v, %v", r, err)
	}
	other := o
	other.NoOptimizer = true
	if _, err := run(t, step, other); err == nil || !strings.Contains(err.Error(), "--no-optimizer") {
		t.Error(err)
	}
	other.Folder.Force = true
	r, err := run(t, step, other)
	must(t, err)
	if _, err := os.Stat(filepath.Join(r.Output, olmo.OptimizerFile)); err == nil {
		t.Error("--force left optim.pt of the older output")
	}
	must(t, os.WriteFile(filepath.Join(r.Output, "model.safetensors"), nil, 0o666))
	other.Folder.Force = false
	if _, err := run(t, step, other); err == nil || !strings.Contains(err.Error(), "model.safetensors") {
		t.Error(err)
	}
}
