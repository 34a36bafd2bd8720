package match_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/match"
	"hf2olmo/convert/targets"
	"hf2olmo/convert/tensor"
	"hf2olmo/keymap"
)

func options(t *testing.T, target string) match.Options {
	t.Helper()
	side, err := targets.Named(target)
	if err != nil {
		t.Fatal(err)
	}
	return match.Options{Target: target, Trainer: side, Folder: "/out"}
}

// TestEveryModel matches all bundled models: each tensor of a model is used at most once, in
// the dtype that it has or that was chosen.
func TestEveryModel(t *testing.T) {
	models, err := filepath.Glob("../../testdata/models*/*")
	if err != nil || len(models) < 30 {
		t.Fatal(models, err)
	}
	matched := 0
	for _, path := range models {
		model, err := hf.Open(path)
		if err != nil {
			continue // data beside the models
		}
		for _, target := range keymap.Targets() {
			for _, dtype := range []tensor.DType{tensor.Invalid, tensor.BFloat16} {
				o := options(t, target)
				o.DType = dtype
				m, err := match.Of(model, o)
				if err != nil {
					continue // not a family of this trainer's
				}
				matched++
				used, whole := map[string]bool{}, map[string]bool{}
				for _, to := range m.Tensors {
					if to.Same != "" {
						continue
					}
					if dtype != tensor.Invalid && to.Content.Add == 0 && to.Content.DType != dtype &&
						to.Content.DType != planned(t, target, model, to.Name) {
						t.Errorf("%s: %s is %s", path, to.Name, to.Content.DType)
					}
					if n, _ := tensor.Product(to.Shape); n != to.Content.Numel() {
						t.Errorf("%s: %s has %d elements of %d", path, to.Name, to.Content.Numel(), n)
					}
					for _, part := range to.Content.Parts {
						if part.Filled() {
							continue
						}
						if used[part.Called()] {
							t.Errorf("%s: %s is used twice", path, part.Called())
						}
						used[part.Called()], whole[part.Name] = true, true
					}
				}
				if len(whole) == 0 || len(whole) > len(model.Tensors) {
					t.Errorf("%s for %s: %d tensors of %d", path, target, len(whole), len(model.Tensors))
				}
			}
		}
	}
	if matched < 60 {
		t.Errorf("%d matches", matched)
	}
}

// planned returns the dtype that the table of a model says a tensor has.
func planned(t *testing.T, target string, model *hf.Model, name string) tensor.DType {
	t.Helper()
	to, err := keymap.TargetNamed(target)
	if err != nil {
		t.Fatal(err)
	}
	table, err := keymap.For(to, model.Config)
	if err != nil {
		t.Fatal(err)
	}
	plan, refusals := table.Plan(to, model.Config, keymap.Facts{Tensors: len(model.Tensors)})
	if len(refusals) > 0 {
		t.Fatal(refusals[0])
	}
	for _, p := range plan.Tensors {
		if p.Name == name {
			return tensor.ParseDType(p.DType)
		}
	}
	return tensor.Invalid
}

// TestExplained changes one thing of a model: the first fault says what it is, and is the only
// one that leads.
func TestExplained(t *testing.T) {
	for name, c := range map[string]struct {
		change        func(m *hf.Model)
		problem, hint string
	}{
		"layers": {func(m *hf.Model) { m.Config["num_hidden_layers"] = int64(3) },
			"says num_hidden_layers 3, but the weights have 2", "set num_hidden_layers to 2"},
		"vocabulary": {func(m *hf.Model) { m.Config["vocab_size"] = int64(96) },
			"says vocab_size 96, but the weights have 104", "Set vocab_size to 104"},
		"prefix": {func(m *hf.Model) {
			for i := range m.Tensors {
				m.Tensors[i].Name = "module." + m.Tensors[i].Name
			}
		}, `begin with "module."`, "A wrapper was saved"},
		"two missing": {func(m *hf.Model) { m.Tensors = slices.Delete(m.Tensors, 3, 5) }, "2 missing",
			"belong to the same model"},
	} {
		model, err := hf.Open("../../testdata/models/llama")
		if err != nil {
			t.Fatal(err)
		}
		c.change(model)
		m, err := match.Of(model, options(t, "olmo"))
		faults, ok := err.(fault.List)
		if m == nil || !ok {
			t.Errorf("%s: %v", name, err)
			continue
		}
		lead := slices.DeleteFunc(slices.Clone(faults), func(f *fault.Fault) bool { return !f.Lead })
		if len(lead) != 1 || !strings.Contains(lead[0].Problem, c.problem) || !strings.Contains(lead[0].Hint, c.hint) {
			t.Errorf("%s: %v", name, lead)
		}
	}
}
