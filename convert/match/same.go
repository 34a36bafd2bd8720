package match

import (
	"context"
	"fmt"
	"slices"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/tensor"
)

// CompareSame reads the tensors that must be equal to be left out, and reports those that are not.
func (m *Match) CompareSame(ctx context.Context) error {
	if len(m.same) == 0 {
		return nil
	}
	files, err := tensor.OpenFiles(slices.Concat(m.Model.Tensors, m.Model.Again))
	if err != nil {
		return err
	}
	defer files.Close()
	var faults fault.List
	for _, p := range m.same {
		at, err := tensor.FirstDifference(ctx, files, p.left, p.kept)
		if err != nil {
			return err
		}
		if at >= 0 {
			f := p.differs(p.kept, fmt.Sprintf("a different value at element %d", at))
			f.File, f.Tensor = p.left.File.Name, p.left.Name
			faults = append(faults, f)
		}
	}
	return faults.Err()
}
