package middle

import (
	"context"
	"fmt"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/sharded"
	"hf2olmo/convert/tensor"
)

// tied are two tensors of the checkpoint that are one in the trainer's model.
type tied struct{ copied, kept *sharded.Tensor }

// CompareCopies compares what the checkpoint has more than once, byte for byte: what replicas saved, and tied
// tensors. jobs 0 is as many workers as suits; p, which may be nil, follows it under a title.
func CompareCopies(ctx context.Context, m *Model, jobs int, p assemble.Progress, title string) error {
	if err := sharded.ShowCompareCopies(ctx, m.Checkpoint.Model, jobs, p, title); err != nil {
		return err
	}
	return CompareTied(ctx, m)
}

// CompareTied compares tied tensors alone. What the Hugging Face model has no tensor for must be zeros.
func CompareTied(ctx context.Context, m *Model) error {
	if err := checkZeros(ctx, m); err != nil {
		return err
	}
	var all []tensor.Tensor
	for _, t := range m.tied {
		all = append(all, t.copied.Tensor, t.kept.Tensor)
	}
	files, err := tensor.OpenFiles(all)
	if err != nil {
		return err
	}
	defer files.Close()
	var faults fault.List
	for _, t := range m.tied {
		at, err := tensor.FirstDifference(ctx, files, &t.copied.Tensor, &t.kept.Tensor)
		if err != nil {
			return err
		}
		if at >= 0 {
			faults = append(faults, &fault.Fault{File: t.copied.Where(), Tensor: t.copied.Name,
				Problem:  "differs from " + t.kept.Name + ", to which " + m.ConfigFile + " ties it",
				Expected: "the same " + tensor.ShapeString(t.kept.Shape), Found: fmt.Sprintf("a different value at element %d", at),
				Hint: "The trainer reads " + t.copied.Name + " alone."})
		}
	}
	return faults.Err()
}
