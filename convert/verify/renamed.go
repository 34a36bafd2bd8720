package verify

import (
	"reflect"

	"hf2olmo/convert/hf"
	"hf2olmo/keymap"
)

// renamed reports whether the table of a model's family, of any trainer, takes files with these shapes to have the
// same model under other names, or in other parts, than the model's own files. Without shapes, they are those that
// export writes.
func renamed(m *hf.Model, shapes map[string][]int64) bool {
	for _, name := range keymap.Targets() {
		own, other := planOf(name, m, m.Shapes()), planOf(name, m, shapes)
		if own != nil && other != nil {
			return !reflect.DeepEqual(own.Tensors, other.Tensors)
		}
	}
	return false
}

// planOf applies a trainer's table to a model, as if its files had these shapes.
func planOf(name string, m *hf.Model, shapes map[string][]int64) *keymap.Plan {
	return planWith(name, m.Config, keymap.Facts{Tensors: len(m.Tensors), Shapes: shapes})
}
