package match

import (
	"fmt"
	"slices"
	"strings"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/tensor"
	"hf2olmo/keymap"
)

// explainer looks for the cause of what does not match.
type explainer struct {
	of      *matching
	found   *matcher // nil if the config was refused before the match
	refused bool     // the config was refused, and the match is of what is left of it
}

// explain puts one fault before those of the match: what has most likely happened, and one
// thing to do. Without it a user reads two lines per layer and guesses.
func (c *explainer) explain() {
	m := c.found
	prefix := m.explainPrefix()
	asPrefix := func() *fault.Fault { return prefix }
	for _, cause := range []func() *fault.Fault{
		m.sign, c.suspect, c.partOfTensors, asPrefix, c.whatIf, c.otherFamily, c.counts,
	} {
		if f := cause(); f != nil {
			if prefix != nil && f != prefix {
				m.faults = append(m.faults, prefix)
			}
			f.Lead = true
			m.faults = append(m.faults, f)
			return
		}
	}
}

// sign explains names that are in no table but known to come from something else.
func (m *matcher) sign() *fault.Fault {
	s := keymap.SignOf(m.surplus)
	if s == nil {
		return nil
	}
	return &fault.Fault{File: m.files, Problem: s.Is, Hint: s.Do}
}

// gather is how to save a whole model whose parts are on many ranks.
const gather = "Gather the whole model before it is saved " +
	"(trainer.save_model() with stage3_gather_16bit_weights_on_model_save, or " +
	"accelerator.get_state_dict(model)), or merge DeepSpeed's checkpoint with its zero_to_fp32.py."

// partOfTensors recognizes what one rank saved by itself: empty tensors in place of what other
// ranks have, or some of the rows or columns of most tensors.
func (c *explainer) partOfTensors() *fault.Fault {
	m := c.found
	empty, cut := 0, 0
	for _, f := range m.misfits {
		switch {
		case f.tensor.Numel() == 0:
			empty++
		case f.cut():
			cut++
		}
	}
	f := &fault.Fault{File: m.files, Hint: gather}
	if c.of.Model.ZeroScript {
		f.Hint = "zero_to_fp32.py is in the folder. " + hf.RunZeroScript
	}
	switch {
	case empty > 0 && 2*empty >= len(m.misfits):
		f.Problem = fmt.Sprintf("%d of %d tensors are empty: DeepSpeed ZeRO-3 or FSDP saved placeholders of size 0 "+
			"in place of the weights", empty, m.parts)
	case cut+empty == len(m.misfits) && 2*cut > m.parts:
		f.Problem = fmt.Sprintf("%d of %d tensors are cut: the file has one rank's part of each "+
			"(FSDP, DeepSpeed ZeRO-3, tensor parallel)", cut+empty, m.parts)
	default:
		return nil
	}
	return f
}

// cut reports whether a tensor has the wanted shape except for fewer rows or fewer columns, or
// is a flat piece of it.
func (f misfit) cut() bool {
	have := f.tensor.Shape
	if len(have) != len(f.want) {
		return len(have) == 1 && have[0] < product(f.want)
	}
	smaller := 0
	for d := range have {
		switch {
		case have[d] > f.want[d]:
			return false
		case have[d] < f.want[d]:
			smaller++
		}
	}
	return smaller == 1
}

func product(shape []int64) int64 {
	n, _ := tensor.Product(shape)
	return n
}

// otherFamily recognizes the names of families other than the one in config.json. If its config was refused, a family
// may have names that are in its table for another trainer.
func (c *explainer) otherFamily() *fault.Fault {
	m := c.found
	if few := m.parts / 10; len(m.missing)+len(m.surplus) < max(few, 2) { // families differ in tensors of each layer
		return nil
	}
	const maxNames = 2000 // enough to recognize a family by
	var names []string
	for i := range c.of.Model.Tensors[:min(len(c.of.Model.Tensors), maxNames)] {
		names = append(names, c.of.Model.Tensors[i].Name)
	}
	all, families := keymap.FamiliesOf(names)
	if !c.refused {
		all = families
	}
	if len(families) == 0 || slices.Contains(all, c.of.Family) {
		return nil
	}
	return &fault.Fault{File: m.files, Hint: "Put the config.json that belongs to these weights beside them.",
		Problem: fmt.Sprintf("the tensors are named as those of %s, but config.json says %s",
			strings.Join(families, " or "), c.of.Family)}
}

// suspect explains what the name of the file says that it is.
func (c *explainer) suspect() *fault.Fault {
	if f := c.of.Model.Suspect; f != nil {
		return &fault.Fault{File: c.of.Weights(), Problem: f.Problem, Hint: f.Hint}
	}
	return nil
}

// sameModel is what to do if the cause is not known.
const sameModel = "Check that config.json and the weights belong to the same model: `hf2olmo inspect` " +
	"lists the tensors."

// counts summarizes what is wrong if its cause is not known. One fault needs no summary, nor do those of a config
// that was refused: that comes first.
func (c *explainer) counts() *fault.Fault {
	m := c.found
	if c.refused {
		return nil
	}
	if len(m.faults) == 1 {
		if f := m.faults[0]; f.Hint == "" {
			f.Hint = sameModel
		}
		return nil
	}
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{
		{len(m.missing), "missing"}, {len(m.misfits), "of a different shape"},
		{len(m.surplus), "not used by the " + c.of.Family + " table"},
	} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	if parts == nil {
		return nil
	}
	return &fault.Fault{File: m.files, Hint: sameModel,
		Problem: "the tensors are not those that config.json describes: " + strings.Join(parts, ", ")}
}
