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
	"hf2olmo/convert/olmo"
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

// TestToOLMo carries runs of OLMo-core's trainer over to allenai/OLMo and back: every tensor comes
// back with the bits that the ranks held, every parameter with its settings.
func TestToOLMo(t *testing.T) {
	core := filepath.Join(fixtures.Extract(t), "core")
	for name, decayed := range map[string]int{"olmo2-tp2fsdp2-adamw": 10, "olmo2-ddp2-skip": 10} {
		source := filepath.Join(core, name)
		_, result := cross(t, source, between.Options{Target: "olmo"})
		if base := filepath.Base(filepath.Dir(result.Output)) + "/" + filepath.Base(result.Output); base !=
			name+"-olmo/step3-unsharded" || result.Moments != 33 {
			t.Errorf("%s: %d moments", base, result.Moments)
		}
		there, err := native.Open(context.Background(), result.Output)
		must(t, err)
		if there.Step != 3 || there.Train.Get("global_train_tokens_seen") != any(int64(288)) ||
			there.Train.Get("epoch") != any(int64(0)) || len(there.Groups) != 2 ||
			len(native.GroupNames(there.Groups[0])) != decayed {
			t.Errorf("%s: train.pt %v, %d groups", name, there.Train, len(there.Groups))
		}
		for _, g := range there.Groups {
			if !slices.IsSorted(native.GroupNames(g)) || !reflect.DeepEqual(g.Get("params"), g.Get("param_names")) {
				t.Errorf("%s: a group of %v", name, native.GroupNames(g))
			}
		}
		_, result = cross(t, result.Output, between.Options{Target: "olmo-core"})
		if base := filepath.Base(filepath.Dir(result.Output)); base != name+"-olmo-core" {
			t.Errorf("%s came back as %s", name, base)
		}
		var held struct{ Model, Optim map[string]fixtures.Sum }
		fixtures.ReadJSON(t, filepath.Join(source, "expected.json"), &held)
		all := held.Model
		for name, sum := range held.Optim {
			all[name] = sum
		}
		back, err := native.Open(context.Background(), result.Output)
		must(t, err)
		compare(t, back, all)
		before, err := native.Open(context.Background(), source)
		must(t, err)
		for name, group := range before.Settings {
			was, is := settings(group), settings(back.Settings[name])
			for _, field := range []string{"lr", "initial_lr", "betas", "eps", "weight_decay"} {
				if !reflect.DeepEqual(was[field], is[field]) {
					t.Errorf("%s: %s is %v, was %v", name, field, is[field], was[field])
				}
			}
		}
	}
}

// TestRoundTrip carries steps of allenai/OLMo over to OLMo-core and back.
func TestRoundTrip(t *testing.T) {
	core := filepath.Join(fixtures.Extract(t), "core")
	for _, name := range []string{"olmo2-fsdp-names", "olmo2-single-ids"} {
		source := filepath.Join(core, name)
		_, there := cross(t, source, between.Options{Target: "olmo-core"})
		_, result := cross(t, there.Output, between.Options{Target: "olmo"})
		was, err := native.Open(context.Background(), source)
		must(t, err)
		is, err := native.Open(context.Background(), result.Output)
		must(t, err)
		before, after := was.Tensors(), is.Tensors()
		if len(before) != len(after) || len(was.Groups) != len(is.Groups) {
			t.Fatalf("%s: %d tensors in %d groups, were %d in %d", name, len(after), len(is.Groups), len(before),
				len(was.Groups))
		}
		for i := range before {
			if before[i].Name != after[i].Name || string(read(t, before[i])) != string(read(t, after[i])) {
				t.Errorf("%s is %s, or has other bits", before[i].Name, after[i].Name)
			}
		}
		for i := range was.Groups {
			a, b := settings(was.Groups[i]), settings(is.Groups[i])
			if !slices.Equal(native.GroupNames(was.Groups[i]), native.GroupNames(is.Groups[i])) {
				t.Errorf("group %d has other parameters: %v", i, native.GroupNames(is.Groups[i]))
			}
			for _, field := range []string{"lr", "initial_lr", "betas", "eps", "weight_decay", "amsgrad", "maximize"} {
				if !reflect.DeepEqual(a[field], b[field]) {
					t.Errorf("group %d: %s is %v, was %v", i, field, b[field], a[field])
				}
			}
		}
		config, err := olmo.ReadConfig(result.Output)
		must(t, err)
		if config.Model["max_sequence_length"] != any(16) || config.Run.LearningRate != 0.001 || config.Run.Seed != 5 {
			t.Errorf("config.yaml: %v %+v", config.Model["max_sequence_length"], config.Run)
		}
	}
}
