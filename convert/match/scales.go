package match

import "hf2olmo/convert/tensor"

// warnOfScales warns of tensors that are rounded because every element is multiplied: in float32 by less than
// any model needs.
func (m *matching) warnOfScales() {
	var first *tensor.Content
	name, n := "", 0
	for i := range m.Tensors {
		c := &m.Tensors[i].Content
		if c.DType == tensor.Float32 || tensor.PowerOfTwo(c.Scale) {
			continue
		}
		if n++; first == nil {
			first, name = c, m.Tensors[i].Name
		}
	}
	const said = "multiplied by what the model's code multiplies by, and rounded to %s; --dtype float32 rounds less"
	switch {
	case n == 1:
		m.warn("%s is "+said, name, first.DType)
	case n > 1:
		m.warn("%s and %d more are "+said, name, n-1, first.DType)
	}
}
