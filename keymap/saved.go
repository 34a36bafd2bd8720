package keymap

import (
	"fmt"
	"slices"
	"strings"
)

// Saved is how names in a saved state dict may differ from the target's own.
type Saved struct {
	Wrappers  []Wrapper `yaml:"wrappers"`
	Earlier   Earlier   `yaml:"earlier"`
	Regrouped string    `yaml:"regrouped"` // the field by which layers may be grouped otherwise, or ""
}

// A Wrapper is something that a model was saved from inside of, which put Prefix before its names.
type Wrapper struct {
	Prefix   string `yaml:"prefix"`
	Of       string `yaml:"of"`
	Stripped bool   `yaml:"stripped"` // by the trainer, wherever it stands in the name
}

// Earlier are names that older checkpoints have and the trainer still reads.
type Earlier struct {
	When  string            `yaml:"when"`
	Names map[string]string `yaml:"names"` // by the name that the target has now, templates

	when *expression
}

// A SavedTensor is a tensor of the target's state dict, and the name that a file has for it.
type SavedTensor struct {
	Name  string // the target's, for its config
	Saved string // as it may stand in a file that the trainer reads just as well
	Shape []int64

	template string
	layer    string // what stands for {layer} in Saved
}

func (s *Saved) compile(names scope) (err error) {
	if s.Earlier.When != "" {
		s.Earlier.when, err = compile(s.Earlier.When, names)
	}
	return err
}

// StateDict returns the tensors of a model with this config, under the names that has
// knows where the trainer reads them under those. Fields left out take the target's
// defaults. No model has more layers than most tensors. The state dict is nil where
// the config does not tell the shapes.
func (t *Target) StateDict(config map[string]any, most int, has func(name string) bool) ([]SavedTensor, []*Refusal) {
	env, refusals := t.complete(config)
	if env == nil {
		return nil, refusals
	}
	if faults := t.check(env, Facts{Tensors: most}); len(faults) > 0 {
		return nil, append(refusals, faults...)
	}
	tensors, err := t.stateDict(env)
	if err == nil {
		err = t.regroup(tensors, env, has)
	}
	if err == nil {
		err = t.earlier(tensors, env, has)
	}
	if err != nil {
		return nil, append(refusals, &Refusal{Because: err.Error()})
	}
	return tensors, refusals
}

// complete returns the config with defaults for what it leaves out, nil where a field has a wrong type.
func (t *Target) complete(config map[string]any) (map[string]any, []*Refusal) {
	return readFields(t.Fields, config, "")
}

func (t *Target) stateDict(env map[string]any) ([]SavedTensor, error) {
	var tensors []SavedTensor
	err := t.walk(env, func(spec tensorSpec, shape []int64, fill *strings.Replacer) error {
		name := replace(fill, spec.name)
		tensors = append(tensors, SavedTensor{name, name, shape, spec.name, replace(fill, "{layer}")})
		return nil
	})
	return tensors, err
}

// regroup gives the tensors the names that they have where layers are grouped as in
// the file: the grouping under which it holds most of them.
func (t *Target) regroup(tensors []SavedTensor, env map[string]any, has func(string) bool) error {
	if t.Saved.Regrouped == "" {
		return nil
	}
	layers, err := t.layerCount.int(env)
	if err != nil {
		return err
	}
	own := env[t.Saved.Regrouped]
	defer func() { env[t.Saved.Regrouped] = own }()
	best := held(tensors, has)
	for size := 1; size <= int(layers) && best < len(tensors); size++ {
		if int(layers)%size != 0 {
			continue
		}
		env[t.Saved.Regrouped] = size
		other, err := t.stateDict(env)
		if err != nil {
			return err
		}
		if n := held(other, has); n > best {
			best = n
			for i := range tensors {
				tensors[i].Saved, tensors[i].layer = other[i].Saved, other[i].layer
			}
		}
	}
	return nil
}

func held(tensors []SavedTensor, has func(string) bool) int {
	n := 0
	for _, tensor := range tensors {
		if has(tensor.Saved) {
			n++
		}
	}
	return n
}

// earlier gives tensors that are not in the file the names that they once had, if those are.
func (t *Target) earlier(tensors []SavedTensor, env map[string]any, has func(string) bool) error {
	if t.Saved.Earlier.when != nil {
		if so, err := t.Saved.Earlier.when.bool(env); err != nil || !so {
			return err
		}
	}
	for i, tensor := range tensors {
		once := strings.ReplaceAll(t.Saved.Earlier.Names[tensor.template], "{layer}", tensor.layer)
		if once != "" && !has(tensor.Saved) && has(once) {
			tensors[i].Saved = once
		}
	}
	return nil
}

// Material returns the fields that a config leaves out and that change what a model
// computes from its weights, each with the default that the target takes.
func (t *Target) Material(config map[string]any) []Setting {
	var left []Setting
	for _, f := range t.Fields {
		if _, there := config[f.Name]; !there && !slices.Contains(t.Immaterial, f.Name) {
			left = append(left, Setting{f.Name, f.Default})
		}
	}
	return left
}

// checkNames sees that the page names only fields that it has.
func (t *Target) checkNames() error {
	known := namesOf(t.Fields)
	for _, name := range append(t.Immaterial[:len(t.Immaterial):len(t.Immaterial)], t.Saved.Regrouped) {
		if name != "" && !known[name] {
			return fmt.Errorf("%s has no field %q", t.Name, name)
		}
	}
	return nil
}
