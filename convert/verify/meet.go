package verify

import (
	"context"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/middle"
	"hf2olmo/convert/native"
	"hf2olmo/keymap"
)

// A meeting is two sides in the same terms.
type meeting struct {
	a, b   *side
	own    *view  // of the reference
	found  *view  // of what is judged
	native string // the trainer in whose terms they meet; "" for those of transformers
}

// meet brings two sides to where they can be compared: in the terms that both have, or else in
// those of transformers, in which every checkpoint can be seen that a class of it computes. A
// model in a trainer's own packaging meets a checkpoint in the trainer's terms.
func meet(ctx context.Context, a, b *side) (*meeting, error) {
	m := &meeting{a: a, b: b}
	switch {
	case a.model != nil && b.model != nil:
		m.own, m.found = asModel(a.model), asModel(b.model)
		if !strangers(m.own, m.found) && !renamed(a.model, b.model.Shapes()) {
			return m, nil
		}
		for _, target := range bothTake(a, b) {
			if err := m.inTerms(ctx, target); err == nil {
				return m, nil
			}
		}
		return m, nil
	case a.target() == b.target():
		return m, m.inTerms(ctx, a.target())
	case a.model != nil:
		return m, m.inTerms(ctx, b.target())
	case b.model != nil:
		return m, m.inMiddle(ctx)
	}
	var err error
	var faults fault.List
	m.own, err = a.asMiddle(ctx, nil)
	faults.Add("", err)
	m.found, err = b.asMiddle(ctx, nil)
	faults.Add("", err)
	return m, faults.Err()
}

// strangers reports whether the two have no tensor of the same name.
func strangers(own, found *view) bool {
	names := map[string]bool{}
	for i := range own.tensors {
		names[own.tensors[i].Name] = true
	}
	for i := range found.tensors {
		if names[found.tensors[i].Name] {
			return false
		}
	}
	return true
}

// bothTake returns the trainers that have a table for each of two models.
func bothTake(a, b *side) (all []string) {
	for _, target := range keymap.Targets() {
		if planFor(target, a.model.Config, len(a.model.Tensors)) != nil &&
			planFor(target, b.model.Config, len(b.model.Tensors)) != nil {
			all = append(all, target)
		}
	}
	return all
}

// inMiddle has a checkpoint meet a model as a model, or, if it is in another packaging or no class
// of transformers computes it, the model the checkpoint.
func (m *meeting) inMiddle(ctx context.Context) error {
	var refused error
	m.own, refused = m.a.asMiddle(ctx, m.b.model)
	m.found = asModel(m.b.model)
	if refused == nil && !strangers(m.own, m.found) && !renamed(m.b.model, nil) {
		return nil
	}
	own, found := m.own, m.found
	err := m.inTerms(ctx, m.a.target())
	switch {
	case err == nil:
		return nil
	case refused != nil:
		return refused
	}
	m.own, m.found, m.native = own, found, ""
	return nil
}

// inTerms has the two meet as a trainer has them.
func (m *meeting) inTerms(ctx context.Context, target string) (err error) {
	m.native = target
	var config map[string]any
	if m.a.model != nil {
		if m.own, err = m.a.asNative(ctx, target); err != nil {
			return err
		}
		config = m.own.config
	}
	if m.b.model != nil {
		if m.found, err = m.b.asNative(ctx, target); err != nil {
			return err
		}
		config = m.found.config
	}
	if m.a.saved != nil {
		if m.own, err = m.a.asSaved(config); err != nil {
			return err
		}
		if config == nil {
			config = m.own.config
		}
	}
	if m.b.saved != nil {
		m.found, err = m.b.asSaved(config)
	}
	return err
}

// ofClass sees a checkpoint as a model of the class that another is of, if there is another and that fits.
func ofClass(saved *native.Checkpoint, other *hf.Model) (*middle.Model, error) {
	if other != nil {
		like := &middle.Like{Name: other.Source, Config: other.Config, ClassOnly: true}
		if m, err := middle.Of(saved, middle.Options{Like: like}); err == nil {
			return m, nil
		}
	}
	return middle.Of(saved, middle.Options{})
}
