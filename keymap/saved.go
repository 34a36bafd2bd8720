package keymap

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Saved says how names in a saved state dict may differ from the target's own.
type Saved struct {
	Wrappers  []Wrapper `yaml:"wrappers"`
	Earlier   Earlier   `yaml:"earlier"`
	Regrouped string    `yaml:"regrouped"` // the field by which layers may be grouped differently, or ""
}

// A Wrapper is a module that contained the model when it was saved, and put Prefix before its names.
type Wrapper struct {
	Prefix   string `yaml:"prefix"`
	Of       string `yaml:"of"`
	Stripped bool   `yaml:"stripped"` // by the trainer, anywhere in the name
}

// Earlier are names that older checkpoints have and the trainer still reads.
type Earlier struct {
	When  string            `yaml:"when"`
	Names map[string]string `yaml:"names"` // old by current name; both are templates

	when *expression
}

// Bare returns a name without the prefixes of wrappers, in whatever order, and those that it
// had. Private modules of torch occur inside of names too, other words only in front.
func (s *Saved) Bare(name string) (bare string, had []Wrapper) {
	const longest, deepest = 1000, 16 // no model has longer names, or is wrapped more often
	if len(name) > longest {
		return name, nil
	}
	again := true
	for depth := 0; again && depth < deepest; depth++ {
		again = false
		for _, w := range s.Wrappers {
			bare := strings.TrimPrefix(name, w.Prefix)
			if strings.HasPrefix(w.Prefix, "_") {
				bare = strings.ReplaceAll(name, w.Prefix, "")
			}
			if bare != name {
				name, again = bare, true
				had = append(had, w)
			}
		}
	}
	return name, had
}

// A SavedTensor is a tensor of the target's state dict, and the name that a file has for it.
type SavedTensor struct {
	Name  string // the target's, for its config
	Saved string // in the file, which the trainer reads as well
	Shape []int64

	template string
	layer    string // the value of {layer} in Saved
	number   int    // of the layer, -1 for a tensor of none
}

func (s *Saved) compile(names scope) (err error) {
	if s.Earlier.When != "" {
		s.Earlier.when, err = compile(s.Earlier.When, names)
	}
	return err
}

// StateDict returns the tensors of a model with this config, under older names if the
// trainer reads those and has reports them. Fields left out take the target's defaults.
// No model has more layers than maxTensors. The state dict is nil if the config does
// not determine the shapes.
func (t *Target) StateDict(
	config map[string]any, maxTensors int, has func(name string) bool,
) ([]SavedTensor, []*Refusal) {
	env, refusals := t.complete(config)
	if env == nil {
		return nil, refusals
	}
	// those of a Hugging Face model, whose experts are separate tensors
	env["weights"] = map[string]any{"tensors": math.MaxInt32}
	if faults := t.check(env, Facts{Tensors: maxTensors}); len(faults) > 0 {
		return nil, append(refusals, faults...)
	}
	tensors, err := t.stateDict(env, Facts{Tensors: maxTensors})
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

// complete returns the config with defaults for what it leaves out, nil if a field has the wrong type.
func (t *Target) complete(config map[string]any) (map[string]any, []*Refusal) {
	return readFields(t.Fields, config, "")
}

func (t *Target) stateDict(env map[string]any, facts Facts) ([]SavedTensor, error) {
	var tensors []SavedTensor
	err := t.walk(env, func(spec tensorSpec, shape []int64, fill *strings.Replacer) error {
		if tooMany(len(tensors), facts) {
			return fmt.Errorf("the config asks for more than %d tensors, but there are only %d", len(tensors), facts.Tensors)
		}
		name, number := replace(fill, spec.name), -1
		if fill != nil {
			number, _ = env["i"].(int)
		}
		tensors = append(tensors, SavedTensor{name, name, shape, spec.name, replace(fill, "{layer}"), number})
		return nil
	})
	return tensors, err
}

// regroup gives the tensors the names that they have with the file's grouping of layers:
// the one under which the file contains most of them.
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
	count := func() (int, error) { return t.countLayers(tensors, int(layers), env, has) }
	most, err := count()
	best := own
	for size := 1; size <= int(layers) && err == nil; size++ {
		if int(layers)%size != 0 {
			continue
		}
		var n int
		env[t.Saved.Regrouped] = size
		if n, err = count(); n > most {
			most, best = n, size
		}
	}
	if err != nil || best == own {
		return err
	}
	env[t.Saved.Regrouped] = best
	other, err := t.stateDict(env, Facts{Tensors: len(tensors)})
	for i := range other {
		tensors[i].Saved, tensors[i].layer = other[i].Saved, other[i].layer
	}
	return err
}

// maxLayers is how many layers are looked at for each way to group them: a sample, if a hostile
// config has a hundred thousand layers and a hundred divisors. No model has more.
const maxLayers = 256

// countLayers counts the layer tensors that has reports under their names in this grouping.
func (t *Target) countLayers(
	tensors []SavedTensor, layers int, env map[string]any, has func(string) bool,
) (int, error) {
	n, at, name, step := 0, -1, "", (layers+maxLayers-1)/maxLayers
	for i := range tensors {
		one := &tensors[i]
		if one.number < 0 || one.number%step != 0 {
			continue
		}
		if one.number != at {
			env["i"], at = one.number, one.number
			v, err := t.layerName.eval(env)
			if err != nil {
				return 0, err
			}
			name = fmt.Sprint(v)
		}
		if has(strings.ReplaceAll(one.template, "{layer}", name)) {
			n++
		}
	}
	return n, nil
}

// earlier gives tensors that the file does not contain their former names, if it contains those.
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
// computes from its weights, each with the target's default.
func (t *Target) Material(config map[string]any) []Setting {
	var left []Setting
	for _, f := range t.Fields {
		if _, there := config[f.Name]; !there && !slices.Contains(t.Immaterial, f.Name) {
			left = append(left, Setting{f.Name, f.Default})
		}
	}
	return left
}

// checkNames checks that the target refers only to its own fields.
func (t *Target) checkNames() error {
	known := namesOf(t.Fields)
	for _, name := range append(t.Immaterial[:len(t.Immaterial):len(t.Immaterial)], t.Saved.Regrouped) {
		if name != "" && !known[name] {
			return fmt.Errorf("%s has no field %q", t.Name, name)
		}
	}
	return nil
}
