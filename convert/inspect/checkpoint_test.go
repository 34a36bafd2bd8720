package inspect_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hf2olmo/convert/inspect"
	fixtures "hf2olmo/testdata/sharded"
)

// TestSharded lists what allenai/OLMo's trainer saved in each of its layouts: full tensors,
// the model's and the optimizer's.
func TestSharded(t *testing.T) {
	for _, expected := range fixtures.Runs(t) {
		dir := expected.Dir
		want := expected.Model
		for parameter, moments := range expected.Optim {
			for moment, s := range moments {
				want["optim.state."+parameter+"."+moment] = s
			}
		}
		report := open(t, filepath.Join(dir, "step3"))
		must(t, report.Measure(context.Background(), 0, nil))
		parameters := int64(0)
		for _, own := range report.Tensors {
			if s := want[own.Name]; own.DType != s.DType || !slices.Equal(own.Shape, s.Shape) || own.Values == nil {
				t.Errorf("%s: %+v, want %+v", dir, own, s)
			}
			delete(want, own.Name)
			if own.Part != inspect.OptimizerPart {
				parameters += own.Parameters
			}
		}
		for name, s := range want {
			if len(s.Shape) > 0 { // numbers may have been saved as Python's
				t.Errorf("%s: %s is not listed", dir, name)
			}
		}
		if got := report.Sum().Parameters; got != parameters || parameters == 0 || len(report.Config) == 0 {
			t.Errorf("%s: %d parameters, want %d", dir, got, parameters)
		}
	}
}

// TestCheckpoints lists an optimizer beside its model in checkpoints of both trainers.
func TestCheckpoints(t *testing.T) {
	root := filepath.Join(fixtures.Extract(t), "core")
	for name, prefix := range map[string]string{
		"llama-fsdp3-lion": "model.", "olmo2-tp2fsdp2-adamw": "model.", "olmo2-fsdp-names": "transformer.",
	} {
		report := open(t, filepath.Join(root, name))
		models, moments := 0, 0
		for _, own := range report.Tensors {
			switch {
			case strings.HasPrefix(own.Name, prefix):
				models++
			case strings.HasPrefix(own.Name, "optim.state."):
				moments++
			default:
				t.Errorf("%s: %s", name, own.Name)
			}
		}
		if models == 0 || moments < models {
			t.Errorf("%s: %d tensors of the model, %d of the optimizer", name, models, moments)
		}
	}
}

// TestDamagedOptimizer lists the model of a checkpoint whose optimizer cannot be read.
func TestDamagedOptimizer(t *testing.T) {
	dir := filepath.Join(fixtures.Extract(t), "core", "olmo2-fsdp-names")
	must(t, os.WriteFile(filepath.Join(dir, "optim.pt"), []byte("not a checkpoint"), 0o666))
	report := open(t, dir)
	if len(report.Tensors) == 0 || !strings.Contains(strings.Join(report.Warnings, "\n"), "optim.pt") {
		t.Errorf("%d tensors, %q", len(report.Tensors), report.Warnings)
	}
}

// TestDamagedShards refuses a checkpoint whose full tensors cannot be put together.
func TestDamagedShards(t *testing.T) {
	dir := filepath.Join(fixtures.Extract(t), "olmo", "t215-torch_legacy", "step3")
	must(t, os.Remove(filepath.Join(dir, "rank1.pt")))
	if _, err := inspect.Open(context.Background(), dir, false); err == nil || !strings.Contains(err.Error(), "rank") {
		t.Errorf("%v", err)
	}
}

func open(t *testing.T, path string) *inspect.Report {
	t.Helper()
	report, err := inspect.Open(context.Background(), path, false)
	must(t, err)
	return report
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
