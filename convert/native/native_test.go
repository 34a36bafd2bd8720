package native_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hf2olmo/convert/native"
	"hf2olmo/convert/sharded"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
	fixtures "hf2olmo/testdata/sharded"
)

// TestOLMo reads what allenai/OLMo's trainer saved in each of its layouts: every full
// tensor and moment has the bytes that the ranks had.
func TestOLMo(t *testing.T) {
	for _, want := range fixtures.Runs(t) {
		t.Run(filepath.Base(want.Dir), func(t *testing.T) {
			c := open(t, filepath.Join(want.Dir, "step3"))
			if c.Step != want.Step || c.World != want.World {
				t.Errorf("step %d of %d ranks, want %d of %d", c.Step, c.World, want.Step, want.World)
			}
			compareModel(t, c, want.Model)
			for name, moments := range want.Optim {
				compareMoments(t, name, c.Optim[name], moments)
			}
			if len(c.Optim) != len(want.Optim) || len(c.Groups) == 0 {
				t.Errorf("states of %d parameters in %d groups, want %d", len(c.Optim), len(c.Groups), len(want.Optim))
			}
			checkFiles(t, c)
			checkModelAlone(t, c)
		})
	}
}

// checkFiles checks the archives and the checksums of all files of a checkpoint that a
// trainer wrote.
func checkFiles(t *testing.T, c *native.Checkpoint) {
	t.Helper()
	if len(c.Files) == 0 || c.Bytes() == 0 || c.Kind != native.OLMoCore && len(c.Archives) == 0 {
		t.Errorf("%d files, %d archives", len(c.Files), len(c.Archives))
	}
	for _, a := range c.Archives {
		f, err := os.Open(a.File.Path)
		if err != nil {
			t.Fatal(err)
		}
		if err := torchfile.CheckFrame(io.NewSectionReader(f, a.Offset, a.Bytes), a.Bytes); err != nil {
			t.Errorf("%s from byte %d: %v", a.File.Name, a.Offset, err)
		}
		f.Close()
	}
	var tensors []tensor.Tensor
	for _, full := range c.Tensors() {
		tensors = append(tensors, full.Tensor)
	}
	files, err := tensor.OpenFiles(tensors)
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	if err := files.CheckRecords(context.Background()); err != nil {
		t.Error(err)
	}
}

// checkModelAlone opens the model of a checkpoint without its optimizer.
func checkModelAlone(t *testing.T, c *native.Checkpoint) {
	t.Helper()
	alone, err := native.OpenModel(context.Background(), c.Path)
	if err != nil {
		t.Fatal(err)
	}
	if len(alone.Model) != len(c.Model) || len(alone.Optim)+len(alone.Groups)+len(alone.Settings) != 0 {
		t.Errorf("%d tensors, states of %d parameters", len(alone.Model), len(alone.Optim))
	}
}

// TestCore reads what OLMo-core's trainer saved, with its optimizer.
func TestCore(t *testing.T) {
	for _, name := range []string{"llama-fsdp3-lion", "olmo2-ddp2-skip", "olmo2-tp2fsdp2-adamw"} {
		dir := filepath.Join(fixtures.Extract(t), "core", name)
		t.Run(name, func(t *testing.T) {
			var want struct {
				Model, Optim map[string]fixtures.Sum
				Objects      map[string]any
				Step         int64 `json:"global_step"`
			}
			fixtures.ReadJSON(t, filepath.Join(dir, "expected.json"), &want)
			c := open(t, dir)
			if c.Kind != native.CoreTrainer || c.Step != want.Step {
				t.Errorf("%s of step %d, want step %d", c.Kind, c.Step, want.Step)
			}
			model := map[string]fixtures.Sum{}
			for name, s := range want.Model {
				model[strings.TrimPrefix(name, "model.")] = s
			}
			compareModel(t, c, model)
			moments := 0
			for parameter, own := range c.Optim {
				for moment, full := range own {
					moments++
					compare(t, full, want.Optim["optim.state."+parameter+"."+moment])
				}
			}
			settings := 0
			for _, own := range c.Settings {
				settings += len(own.Items)
			}
			for _, own := range c.Groups {
				settings += len(own.Items)
			}
			if moments != len(want.Optim) || settings != len(want.Objects) {
				t.Errorf("%d moments and %d settings, want %d and %d", moments, settings, len(want.Optim), len(want.Objects))
			}
		})
	}
}

// TestUnsharded reads model.pt, optim.pt and train.pt: the optimizer's parameters are
// names after FullyShardedDataParallel, numbers without.
func TestUnsharded(t *testing.T) {
	for _, name := range []string{"olmo2-fsdp-names", "olmo2-single-ids"} {
		dir := filepath.Join(fixtures.Extract(t), "core", name)
		c := open(t, dir)
		if c.Kind != native.Unsharded || len(c.Model) == 0 || len(c.Optim) != len(c.Model) || len(c.Groups) != 2 {
			t.Errorf("%s: %s with %d tensors, states of %d, %d groups", name, c.Kind, len(c.Model), len(c.Optim), len(c.Groups))
		}
		for _, full := range c.Model {
			for _, moment := range []string{"exp_avg", "exp_avg_sq"} {
				if m := c.Optim[full.Name][moment]; m == nil || !slices.Equal(m.Shape, full.Shape) {
					t.Errorf("%s: %s has no %s of its shape", name, full.Name, moment)
				}
			}
		}
	}
}

func open(t *testing.T, dir string) *native.Checkpoint {
	t.Helper()
	c, err := native.Open(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func compareModel(t *testing.T, c *native.Checkpoint, want map[string]fixtures.Sum) {
	t.Helper()
	if len(c.Model) != len(want) {
		t.Errorf("%d tensors, want %d", len(c.Model), len(want))
	}
	for _, full := range c.Model {
		compare(t, full, want[full.Name])
	}
}

func compareMoments(t *testing.T, name string, got map[string]*sharded.Tensor, want map[string]fixtures.Sum) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d moments, want %d", name, len(got), len(want))
	}
	for moment, s := range want {
		if got[moment] == nil {
			t.Errorf("%s: no %s", name, moment)
			continue
		}
		compare(t, got[moment], s)
	}
}

// read returns the bytes of a whole tensor.
func read(t *testing.T, full *sharded.Tensor) []byte {
	t.Helper()
	files, err := tensor.OpenFiles([]tensor.Tensor{full.Tensor})
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	content := tensor.Content{DType: full.DType, Parts: []*tensor.Tensor{&full.Tensor}}
	b := make([]byte, content.Bytes())
	if err := tensor.NewGatherer(files).Read(b, &content, 0); err != nil {
		t.Fatal(err)
	}
	return b
}

// compare reads a tensor whole and compares the SHA-256 of its bytes.
func compare(t *testing.T, full *sharded.Tensor, want fixtures.Sum) {
	t.Helper()
	if full.DType.String() != want.DType || !slices.Equal(full.Shape, want.Shape) {
		t.Errorf("%s: %v %v, want %v %v", full.Name, full.DType, full.Shape, want.DType, want.Shape)
		return
	}
	b := read(t, full)
	if got := sha256.Sum256(b); hex.EncodeToString(got[:]) != want.SHA256 {
		t.Errorf("%s: other bytes than the ranks had", full.Name)
	}
}
