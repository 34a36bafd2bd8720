package unshard

import (
	"context"
	"fmt"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/sharded"
)

// checkValues refuses NaN, with which the trainer's restore fails without naming a tensor,
// and warns of infinity, and of matrices of zeros in the model. Moments may be zeros: those
// of an embedding that was not trained yet.
func (u *Unsharding) checkValues(seen *assemble.Seen) error {
	var faults fault.List
	for i := range u.Tensors {
		t := &u.Tensors[i]
		v := seen.Of(t.Name)
		switch {
		case !v.NaN:
		case u.options.AllowNaN:
			u.warn("%s: contains NaN", t.Name)
		default:
			faults = append(faults, &fault.Fault{Tensor: t.Name, Problem: "contains NaN",
				Hint: "The trainer cannot restore it: take an earlier checkpoint. If it is meant to be there: --allow-nan."})
		}
		if v.Infinite {
			u.warn("%s: contains infinity: the loss is likely to be NaN", t.Name)
		}
		if i < u.parameters && len(t.Shape) > 1 && v.Zeros > 0 && v.Zeros >= t.Content.Numel() {
			u.warn("%s: contains nothing but zeros", t.Name)
		}
		seen.WarnOfOverflow(t, u.warn)
	}
	if len(faults) > 1 {
		faults = append(faults, &fault.Fault{File: u.Checkpoint.Path, Lead: true,
			Problem: fmt.Sprintf("%d tensors contain NaN", len(faults)),
			Hint:    "The training diverged or the files are damaged: take an earlier checkpoint."})
	}
	return faults.Err()
}

// CompareCopies compares what replicas saved, byte for byte. The error is a fault.List.
func (u *Unsharding) CompareCopies(ctx context.Context) error {
	tensors := u.Checkpoint.Model
	if !u.options.NoOptimizer {
		tensors = u.Checkpoint.Tensors()
	}
	o := &u.options.Folder
	return sharded.ShowCompareCopies(ctx, tensors, o.Jobs, o.Progress, u.content.Title)
}
