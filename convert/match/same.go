package match

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/tensor"
)

// maxCompared is how many pairs are compared at once: each takes 2 MB.
const maxCompared = 8

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
	found := make([]*fault.Fault, len(m.same))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(min(tensor.Workers(0, int64(len(m.same))), maxCompared))
	for i, p := range m.same {
		group.Go(func() error {
			at, err := tensor.FirstDifference(ctx, files, p.left, p.kept)
			if err != nil || at < 0 {
				return err
			}
			f := p.differs(p.kept, fmt.Sprintf("a different value at element %d", at))
			file, _ := p.left.ByteOf(at)
			f.File, f.Tensor = file.Name, p.left.Name
			found[i] = f
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	var faults fault.List
	for _, f := range found {
		if f != nil {
			faults = append(faults, f)
		}
	}
	return faults.Err()
}
