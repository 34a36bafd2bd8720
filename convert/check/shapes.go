package check

import (
	"maps"
	"slices"

	"hf2olmo/convert/tensor"
	"hf2olmo/keymap"
)

// outcomes is what the trainer does with tensors that do not fit, which differs by format.
type outcomes struct {
	missing, surplus, larger, smaller, sameSize string
}

var fullOutcomes = outcomes{
	missing:  "The trainer stops: KeyError with this name.",
	surplus:  "The trainer's FSDP path ignores it in silence, so that what it held is lost; OLMo.from_checkpoint and the single and ddp strategies stop: RuntimeError: Unexpected key(s) in state_dict.",
	sameSize: "The trainer's FSDP path compares no shapes: it loads the elements in the wrong order, in silence, and trains on garbage; OLMo.from_checkpoint stops: RuntimeError: size mismatch.",
	larger:   "The trainer's FSDP path compares no shapes: it loads the first elements and drops the rest, in silence, and trains on garbage; OLMo.from_checkpoint stops: RuntimeError: size mismatch.",
	smaller:  "The trainer stops: RuntimeError: The size of tensor a must match the size of tensor b (but a single element fills all, in silence).",
}

// compare compares the tensors of a checkpoint with the state dict that its config
// declares. It returns the tensors that are not known to be surplus.
func (c *checker) compare(file string, tensors []saved, then outcomes) []saved {
	byName := c.nameTensors(file, tensors)
	if byName == nil || c.config == nil || c.config.model == nil {
		return tensors
	}
	has := func(name string) bool { _, ok := byName[name]; return ok }
	declared, refusals := c.target.StateDict(c.config.model, len(tensors), has)
	for _, r := range refusals {
		c.add(Finding{Code: "config-model", File: configFile, Tensor: "model", Problem: r.Because,
			Trainer: "The trainer cannot build such a model, or builds another than was saved.", Hint: "Correct the model: section."})
	}
	if declared == nil {
		return tensors
	}
	return c.compareDeclared(file, byName, declared, then)
}

// compareDeclared compares tensors, by the names that the trainer knows them by, with those
// of a state dict. It returns those that belong to it.
func (c *checker) compareDeclared(file string, byName map[string]saved, declared []keymap.SavedTensor, then outcomes) []saved {
	used := map[string]bool{}
	var expected []saved
	for _, d := range declared {
		t, ok := byName[d.Saved]
		if !ok {
			c.add(Finding{Code: "tensor-missing", File: file, Tensor: d.Name, Problem: "is missing", Expected: tensor.ShapeString(d.Shape),
				Trainer: then.missing, Hint: configOrWeights})
			continue
		}
		used[d.Saved] = true
		expected = append(expected, t)
		c.compareShape(file, t, d.Shape, then)
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		if !used[name] {
			c.add(Finding{Code: "tensor-surplus", File: file, Tensor: byName[name].name, Problem: "is not a tensor of the model that the config describes",
				Found: tensor.ShapeString(byName[name].shape), Trainer: then.surplus, Hint: configOrWeights})
		}
	}
	return expected
}

const configOrWeights = "Either the config is not of these weights, or the weights are incomplete or of another model."

func (c *checker) compareShape(file string, t saved, shape []int64, then outcomes) {
	if t.dtype != tensor.Invalid && !t.dtype.Convertible() && t.dtype != tensor.Float64 {
		c.add(Finding{Code: "tensor-dtype", File: file, Tensor: t.name, Problem: "is not of a dtype of weights", Expected: "float32, bfloat16 or float16", Found: t.dtype.String(),
			Trainer: "The trainer casts it in silence.", Hint: "Quantized weights cannot be trained on: take the model that they were made from."})
	}
	if slices.Equal(t.shape, shape) {
		return
	}
	have, ok := tensor.Product(t.shape)
	want, ok2 := tensor.Product(shape)
	words := then.sameSize
	switch {
	case !ok || !ok2 || have > want:
		words = then.larger
	case have < want:
		words = then.smaller
	}
	c.add(Finding{Code: "tensor-shape", File: file, Tensor: t.name, Problem: "has the wrong shape", Expected: tensor.ShapeString(shape), Found: tensor.ShapeString(t.shape),
		Trainer: words, Hint: configOrWeights})
}
