package check

import (
	"maps"
	"slices"

	"hf2olmo/convert/tensor"
	"hf2olmo/keymap"
)

// What the trainer does with tensors that do not fit differs by format: these are the cases
// of the findings about them.
const (
	wholeFormat   = "unsharded"
	shardedFormat = "sharded"
	coreFormat    = "olmo-core"
)

// tensorChecks compare the names, shapes and dtypes of tensors with the config.
type tensorChecks struct{ *checker }

// compare compares the tensors of a checkpoint with the state dict that its config
// declares. It returns the tensors that are not known to be surplus.
func (c tensorChecks) compare(file string, tensors []saved, format string) []saved {
	byName := c.nameTensors(file, tensors)
	if byName == nil || c.config == nil || c.config.model == nil {
		return tensors
	}
	has := func(name string) bool { _, ok := byName[name]; return ok }
	declared, refusals := c.target.StateDict(c.config.model, len(tensors), has)
	for _, r := range refusals {
		c.add("config-model/olmo", about{file: configFile, tensor: "model"}, "problem", r.Because)
	}
	if declared == nil {
		return tensors
	}
	return c.compareDeclared(file, byName, declared, format)
}

// compareDeclared compares tensors, by the names that the trainer knows them by, with those
// of a state dict. It returns those that belong to it.
func (c tensorChecks) compareDeclared(file string, byName map[string]saved, declared []keymap.SavedTensor,
	format string) []saved {
	used := map[string]bool{}
	var expected []saved
	for _, d := range declared {
		t, ok := byName[d.Saved]
		if !ok {
			c.add("tensor-missing/"+format, about{file: file, tensor: d.Name, expected: tensor.ShapeString(d.Shape)})
			continue
		}
		used[d.Saved] = true
		expected = append(expected, t)
		c.compareShape(file, t, d.Shape, format)
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		if !used[name] {
			c.add("tensor-surplus/"+format, about{file: file, tensor: byName[name].name,
				found: tensor.ShapeString(byName[name].shape)})
		}
	}
	return expected
}

func (c tensorChecks) compareShape(file string, t saved, shape []int64, format string) {
	if t.dtype != tensor.Invalid && !t.dtype.Convertible() && t.dtype != tensor.Float64 {
		c.add("tensor-dtype", about{file: file, tensor: t.name, found: t.dtype.String()})
	}
	if slices.Equal(t.shape, shape) {
		return
	}
	c.add("tensor-shape/"+shapeCase(format, t.shape, shape),
		about{file: file, tensor: t.name, expected: tensor.ShapeString(shape), found: tensor.ShapeString(t.shape)})
}

// shapeCase is the case of a shape that is wrong. Only of a whole file some of it is loaded.
func shapeCase(format string, found, expected []int64) string {
	have, ok := tensor.Product(found)
	want, ok2 := tensor.Product(expected)
	switch {
	case format != wholeFormat:
		return format
	case !ok || !ok2 || have > want:
		return format + "-larger"
	case have < want:
		return format + "-smaller"
	}
	return format
}
