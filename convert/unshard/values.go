package unshard

import (
	"context"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/native"
	"hf2olmo/convert/sharded"
)

// checkValues refuses NaN, with which the trainer's restore fails without naming a tensor.
func (u *Unsharding) checkValues(seen *assemble.Seen) error {
	return u.Checkpoint.CheckValues(copied(u), u.Tensors, seen, &native.ValueRules{AllowNaN: u.options.AllowNaN,
		Hint:     "The trainer cannot restore it: take an earlier checkpoint. If it is meant to be there: --allow-nan.",
		Infinity: ": the loss is likely to be NaN", Warn: u.warn})
}

// copied are the checkpoint's tensors that are copied.
func copied(u *Unsharding) []*sharded.Tensor {
	if u.options.NoOptimizer {
		return u.Checkpoint.Model
	}
	return u.Checkpoint.Tensors()
}

// CompareCopies compares what replicas saved, byte for byte. The error is a fault.List.
func (u *Unsharding) CompareCopies(ctx context.Context) error {
	o := &u.options.Folder
	return sharded.ShowCompareCopies(ctx, copied(u), o.Jobs, o.Progress, u.content.Title)
}
