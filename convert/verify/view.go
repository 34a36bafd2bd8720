package verify

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"path/filepath"
	"slices"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/jsonfile"
	"hf2olmo/convert/match"
	"hf2olmo/convert/middle"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/sharded"
	"hf2olmo/convert/targets"
	"hf2olmo/convert/tensor"
	"hf2olmo/keymap"
)

// A view is a side in the terms in which it meets the other.
type view struct {
	tensors []assemble.Tensor // of the model
	moments []assemble.Tensor // of the optimizer: named after the parameter
	groups  []settings        // of the optimizer
	config  map[string]any    // config.json of Hugging Face, or in a trainer's terms the trainer's
	family  string            // "" if it is not known
	pairs   []pair            // tensors of one side that must be equal
	copies  []string          // what such pairs left out
	warned  []string
}

// A pair is two tensors of one side that must be equal: tied, or in two files.
type pair struct {
	left, kept *tensor.Tensor
	problem    string // if they are not
}

// asModel is a model of Hugging Face as it is, without buffers and tied copies.
func asModel(m *hf.Model) *view {
	v := &view{config: m.Config}
	v.family, _ = m.Config["model_type"].(string)
	found := map[string]*tensor.Tensor{}
	for i := range m.Tensors {
		found[m.Tensors[i].Name] = &m.Tensors[i]
	}
	for _, d := range dropped(m) {
		left, kept := found[d.Name], found[d.SameAs]
		switch {
		case left == nil || d.SameAs == "" || d.Rows != (keymap.RowRange{}):
			continue
		case kept == nil:
			found[d.SameAs] = left // of two tied tensors, some programs save the wrong one
		default:
			v.pairs = append(v.pairs, pair{left, kept, "differs from " + kept.Name + ", to which config.json ties it"})
			v.copies = append(v.copies, d.Name)
		}
		delete(found, d.Name)
	}
	for i := range m.Again {
		again := &m.Again[i]
		if kept := found[again.Name]; kept != nil {
			v.pairs = append(v.pairs, pair{again, kept, "is in " + kept.Where() + " too, with different contents"})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if !keymap.IsBuffer(name) {
			v.tensors = append(v.tensors, asItIs(name, found[name]))
		}
	}
	return v
}

// dropped returns the tensors that the table of a model's family, of any trainer, leaves out.
func dropped(m *hf.Model) []keymap.Drop {
	for _, name := range keymap.Targets() {
		if plan := planFor(name, m.Config, len(m.Tensors)); plan != nil {
			return plan.Drop
		}
	}
	return nil
}

// planFor applies the table of a config.json, nil if the trainer has none, or if it cannot be applied.
func planFor(name string, config map[string]any, tensors int) *keymap.Plan {
	return planWith(name, config, keymap.Facts{Tensors: tensors})
}

func planWith(name string, config map[string]any, facts keymap.Facts) *keymap.Plan {
	target, err := keymap.TargetNamed(name)
	if err != nil {
		return nil
	}
	table, err := keymap.For(target, config)
	if err != nil {
		return nil
	}
	facts.Tokenizer = map[string]any{"eos_token_id": 0}
	plan, refusals := table.Plan(target, config, facts)
	if len(refusals) > 0 {
		return nil
	}
	return plan
}

// asNative is a model of Hugging Face as the trainer has it that a conversion makes of it.
func (s *side) asNative(ctx context.Context, target string) (*view, error) {
	side, err := targets.Named(target)
	if err != nil {
		return nil, err
	}
	m, err := match.Of(s.model, match.Options{Target: target, Trainer: side, Folder: s.absolute()})
	if err != nil {
		return nil, err
	}
	if err := m.CompareSame(ctx); err != nil {
		return nil, err
	}
	v := &view{family: m.Family, config: keymap.ByName(m.Config)}
	grouped := regrouped(target, v.config, len(m.Tensors))
	for _, t := range m.Tensors {
		t.Name = cmp.Or(grouped[t.Name], t.Name)
		v.tensors = append(v.tensors, t)
	}
	if m.Document != nil {
		v.config, err = section(m.Document)
	}
	return v, err
}

// regrouped returns what the tensors of a model are called if its layers are not grouped, by their
// names. Nil if the trainer groups none, or if they are not.
func regrouped(trainer string, config map[string]any, tensors int) map[string]string {
	target, err := keymap.TargetNamed(trainer)
	if err != nil || target.Saved.Regrouped == "" {
		return nil
	}
	single := maps.Clone(config)
	delete(single, target.Saved.Regrouped)
	plain, _ := target.StateDict(single, tensors, func(string) bool { return false })
	own, _ := target.StateDict(config, tensors, func(string) bool { return false })
	if len(plain) != len(own) {
		return nil
	}
	names := map[string]string{}
	for i := range own {
		names[own[i].Name] = plain[i].Name
	}
	return names
}

// section returns the model's part of an OLMo-core config file.
func section(document keymap.Object) (map[string]any, error) {
	text, err := document.JSON()
	if err != nil {
		return nil, err
	}
	object, err := jsonfile.ReadObject(bytes.NewReader(text), jsonfile.ConfigLimits)
	if err != nil {
		return nil, err
	}
	model, _ := object["model"].(map[string]any)
	return model, nil
}

// asSaved is a checkpoint in its trainer's own names; config says how its layers are grouped if it has no
// config of its own, and may be nil.
func (s *side) asSaved(config map[string]any) (*view, error) {
	target, err := keymap.TargetNamed(s.target())
	if err != nil {
		return nil, err
	}
	v := &view{family: string(s.saved.Kind)}
	if v.config, err = s.ownConfig(); err != nil {
		return nil, err
	}
	if v.config != nil {
		config = v.config
	}
	bare := map[string]*sharded.Tensor{}
	for _, t := range s.saved.Model {
		name, _ := target.Saved.Bare(t.Name)
		bare[name] = t
	}
	if config != nil && s.target() == "olmo" {
		grouped := regrouped(s.target(), config, len(bare))
		declared, _ := target.StateDict(config, len(bare), func(name string) bool { return bare[name] != nil })
		for _, d := range declared {
			if name := cmp.Or(grouped[d.Name], d.Name); bare[d.Saved] != nil && d.Saved != name {
				bare[name] = bare[d.Saved]
				delete(bare, d.Saved)
			}
		}
	}
	groups := s.saved.GroupOf()
	for _, name := range slices.Sorted(maps.Keys(bare)) {
		v.tensors = append(v.tensors, asItIs(name, &bare[name].Tensor))
		v.group(name, groups, bare[name].Name)
		state := s.saved.Optim[bare[name].Name]
		for _, moment := range slices.Sorted(maps.Keys(state)) {
			if t := state[moment]; t.Value == nil {
				v.moments = append(v.moments, asItIs(name+"."+moment, &t.Tensor))
			}
		}
	}
	return v, nil
}

// ownConfig returns the model's part of a checkpoint's own config, nil if there is none.
func (s *side) ownConfig() (map[string]any, error) {
	if s.target() != "olmo" {
		return coreConfig(s.dir)
	}
	if !regular.Is(filepath.Join(s.dir, olmo.ConfigFile)) {
		return nil, nil
	}
	written, err := olmo.ReadConfig(s.dir)
	if err != nil {
		return nil, err
	}
	return written.Model, nil
}

// asMiddle is a checkpoint as the model of Hugging Face that computes the same: of the class of a model that it is
// compared with, and with the factors of that, if they fit.
func (s *side) asMiddle(ctx context.Context, other *hf.Model) (*view, error) {
	m, err := ofClass(s.saved, other)
	if err == nil {
		err = middle.CompareTied(ctx, m)
	}
	if err != nil {
		return nil, err
	}
	v := &view{tensors: m.Tensors, family: m.Family, config: keymap.ByName(m.Config), warned: m.Warnings}
	groups := s.saved.GroupOf()
	for i := range m.Tensors {
		v.group(m.Tensors[i].Name, groups, middle.Parameters(m, i)...)
		moments := middle.Moments(m, i)
		for _, name := range slices.Sorted(maps.Keys(moments)) {
			v.moments = append(v.moments, moments[name])
		}
	}
	return v, nil
}
