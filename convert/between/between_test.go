package between_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"hf2olmo/convert/between"
	"hf2olmo/convert/native"
	"hf2olmo/convert/pickle"
	"hf2olmo/convert/sharded"
	"hf2olmo/convert/tensor"
	fixtures "hf2olmo/testdata/sharded"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// cross carries a checkpoint over.
func cross(t *testing.T, source string, o between.Options) (*between.Crossing, *between.Result) {
	t.Helper()
	if o.Into == "" {
		o.Into = t.TempDir()
	}
	c, err := between.Prepare(context.Background(), source, o)
	must(t, err)
	r, err := c.Write(context.Background())
	must(t, err)
	return c, r
}

// expectation is what expected.json says of an unsharded step of allenai/OLMo.
type expectation struct {
	Core   map[string]fixtures.Sum // of every entry of OLMo-core's checkpoint that is a tensor
	Groups map[string]struct {     // of the optimizer, by the parameter
		LR          float64 `json:"lr"`
		InitialLR   float64 `json:"initial_lr"`
		Betas       []float64
		Eps         float64
		WeightDecay float64 `json:"weight_decay"`
	}
}

// TestToCore carries steps that allenai/OLMo saved over to OLMo-core: every tensor has the bits
// that are expected, every parameter the settings of the one that it comes from.
func TestToCore(t *testing.T) {
	core := filepath.Join(fixtures.Extract(t), "core")
	for _, name := range []string{"olmo2-fsdp-names", "olmo2-single-ids"} {
		var want expectation
		fixtures.ReadJSON(t, filepath.Join(core, name, "expected.json"), &want)
		crossing, result := cross(t, filepath.Join(core, name), between.Options{Target: "olmo-core"})
		if base := filepath.Base(filepath.Dir(result.Output)) + "/" + filepath.Base(result.Output); base !=
			name+"-olmo-core/step3" || result.Moments != 42 || result.Tensors != 56 {
			t.Errorf("%s: %d of %d tensors", base, result.Moments, result.Tensors)
		}
		c, err := native.Open(context.Background(), result.Output)
		must(t, err)
		compare(t, c, want.Core)
		for i := range crossing.Tensors() {
			made := &crossing.Tensors()[i]
			parameter, isStep := strings.CutSuffix(made.Name, ".step")
			if !isStep {
				continue
			}
			group, known := want.Groups[strings.TrimPrefix(crossing.Origin(made)[0], "step of ")]
			if !known {
				t.Errorf("%s comes from %s", parameter, crossing.Origin(made))
			}
			got := settings(c.Settings[parameter])
			if len(got) != 12 || got["lr"] != group.LR || got["initial_lr"] != group.InitialLR || got["eps"] != group.Eps ||
				got["weight_decay"] != group.WeightDecay || !reflect.DeepEqual(got["betas"], pickle.Tuple{group.Betas[0],
				group.Betas[1]}) || got["decoupled_weight_decay"] != true {
				t.Errorf("%s has %v, want %v", parameter, got, group)
			}
		}
		loader := pickle.AsMap(c.Train.Get("data_loader"))
		if c.Step != 3 || c.Train.Get("global_train_tokens_seen") != any(int64(192)) || c.Train.Get("epoch") !=
			any(int64(1)) || loader.Get("tokens_processed") != any(int64(0)) {
			t.Errorf("train/rank0.pt: %v", c.Train)
		}
	}
}

// settings are the fields of a parameter's group.
func settings(group *pickle.Map) map[string]any {
	values := map[string]any{}
	for _, item := range group.Items {
		name, _ := item.Key.(string)
		values[name], _ = pickle.Value(item.Value)
	}
	return values
}

// compare compares every tensor of a checkpoint of OLMo-core with its sum.
func compare(t *testing.T, c *native.Checkpoint, want map[string]fixtures.Sum) {
	t.Helper()
	models := len(c.Model)
	for i, full := range c.Tensors() {
		name := "optim.state." + full.Name
		if i < models {
			name = "model." + full.Name
		}
		s, sum := want[name], sha256.Sum256(read(t, full))
		if full.DType.String() != s.DType || !slices.Equal(full.Shape, s.Shape) || hex.EncodeToString(sum[:]) != s.SHA256 {
			t.Errorf("%s: other dtype, shape or bytes than expected", name)
		}
	}
	if n := len(c.Tensors()); n != len(want) {
		t.Errorf("%d tensors, want %d", n, len(want))
	}
}

func read(t *testing.T, full *sharded.Tensor) []byte {
	t.Helper()
	files, err := tensor.OpenFiles([]tensor.Tensor{full.Tensor})
	must(t, err)
	defer files.Close()
	content := tensor.Content{DType: full.DType, Parts: []*tensor.Tensor{&full.Tensor}}
	b := make([]byte, content.Bytes())
	must(t, tensor.NewGatherer(files).Read(b, &content, 0))
	return b
}
