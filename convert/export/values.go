package export

import (
	"fmt"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/fault"
)

// checkValues refuses NaN, of which no model computes anything, and warns of infinity and of
// matrices of zeros.
func (e *Export) checkValues(seen *assemble.Seen) error {
	var faults fault.List
	for _, t := range e.Checkpoint.Model {
		v := seen.Of(t.Name)
		if v.NaN {
			faults = append(faults, &fault.Fault{File: t.Where(), Tensor: t.Name, Problem: "contains NaN",
				Hint: "The training diverged or the file is damaged: take an earlier checkpoint."})
		}
		if v.Infinite {
			e.warn("%s: contains infinity", t.Name)
		}
		if len(t.Shape) > 1 && v.Zeros > 0 && v.Zeros >= t.Numel() {
			e.warn("%s: contains nothing but zeros", t.Name)
		}
	}
	for _, t := range e.Tensors {
		if n := seen.Overflows(t.Name); n > 0 {
			e.warn("%s: %d of its elements are too large for %s and became infinite", t.Name, n, t.Content.DType)
		}
	}
	if len(faults) > 1 {
		faults = append(faults, &fault.Fault{File: e.Checkpoint.Path, Lead: true,
			Problem: fmt.Sprintf("%d tensors contain NaN", len(faults))})
	}
	return faults.Err()
}
