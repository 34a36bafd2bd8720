package middle

import (
	"context"
	"sync"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/tensor"
)

// checkZeros reads what the Hugging Face model has no tensor for, and refuses other values than zeros.
func checkZeros(ctx context.Context, m *Model) error {
	if len(m.zeros) == 0 {
		return nil
	}
	var all []tensor.Tensor
	var contents []*tensor.Content
	for _, t := range m.zeros {
		all = append(all, *t)
		contents = append(contents, &tensor.Content{DType: t.DType, Parts: []*tensor.Tensor{t}})
	}
	files, err := tensor.OpenFiles(all)
	if err != nil {
		return err
	}
	defer files.Close()
	trained := make([]bool, len(m.zeros))
	var mu sync.Mutex
	visitor := func() tensor.Visitor {
		return func(_ *tensor.Gatherer, p tensor.Piece, data []byte) error {
			if !zeros(data, contents[p.Content].DType) {
				mu.Lock()
				trained[p.Content] = true
				mu.Unlock()
			}
			return nil
		}
	}
	if err := tensor.Sweep(ctx, files, contents, 0, visitor); err != nil {
		return err
	}
	var faults fault.List
	for i, t := range m.zeros {
		if trained[i] {
			faults = append(faults, &fault.Fault{File: t.Where(), Tensor: t.Name,
				Problem: "is not zero, and " + m.Family + " has no such tensor",
				Hint: "It was trained. To keep it at zero: freeze_params in the model section of " + m.ConfigFile +
					", as convert writes it."})
		}
	}
	return faults.Err()
}

// zeros reports whether all elements are zero, of either sign.
func zeros(p []byte, dtype tensor.DType) bool {
	const sign = 0x80 // in the last byte of an element
	size := int(dtype.Size())
	for i, b := range p {
		if b != 0 && (b != sign || i%size != size-1) {
			return false
		}
	}
	return true
}

// noteScales says that what is divided is rounded, if it is.
func (m *Model) noteScales() {
	n, first := 0, ""
	for _, t := range m.plan.Tensors {
		if !tensor.PowerOfTwo(float32(t.Scale)) {
			if n++; first == "" {
				first = t.Name
			}
		}
	}
	const said = "divided by what %s multiplies by: each element is rounded once"
	switch {
	case n == 1:
		m.warn("%s is "+said, first, m.Family)
	case n > 1:
		m.warn("%s and %d more are "+said, first, n-1, m.Family)
	}
}
