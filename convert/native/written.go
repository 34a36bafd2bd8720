package native

import (
	"context"
	"fmt"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/sharded"
	"hf2olmo/convert/tensor"
)

// OpenWritten opens a checkpoint that was just written into dir, as any reader would, and returns its
// tensors by name. final is where it will be; it must have so many tensors, and be of this step.
func OpenWritten(dir, final string, tensors int, step int64) (map[string]*tensor.Tensor, error) {
	written, err := Open(context.Background(), dir)
	if err != nil {
		return nil, fmt.Errorf("the files just written cannot be read back: %w", err)
	}
	byName := map[string]*tensor.Tensor{}
	for _, t := range written.Tensors() {
		byName[t.Name] = &t.Tensor
	}
	if len(byName) != tensors || written.Step != step {
		return nil, NotAsWritten(final, "")
	}
	return byName, nil
}

// NotAsWritten is the fault of a file, or of a tensor in it, that was read back otherwise than it was written.
func NotAsWritten(file, tensor string) *fault.Fault {
	return &fault.Fault{File: file, Tensor: tensor, Problem: "was not read back as it was written"}
}

// ValueRules are how the values of a checkpoint's tensors are judged when they were copied.
type ValueRules struct {
	AllowNaN bool
	Hint     string // what to do about NaN
	Infinity string // what follows from infinity
	Warn     func(format string, args ...any)
}

// CheckValues refuses NaN in the tensors that were read, the model's first, and warns of infinity, and of
// matrices of zeros in the model: moments may be zeros. It warns of what a cast made infinite in those
// that were written.
func (c *Checkpoint) CheckValues(
	read []*sharded.Tensor, written []assemble.Tensor, seen *assemble.Seen, rules *ValueRules,
) error {
	var faults fault.List
	for i, t := range read {
		v := seen.Of(t.Name)
		switch {
		case !v.NaN:
		case rules.AllowNaN:
			rules.Warn("%s: contains NaN", t.Name)
		default:
			faults = append(faults, &fault.Fault{File: t.Where(), Tensor: t.Name, Problem: "contains NaN", Hint: rules.Hint})
		}
		if v.Infinite {
			rules.Warn("%s: contains infinity%s", t.Name, rules.Infinity)
		}
		if i < len(c.Model) && len(t.Shape) > 1 && v.Zeros > 0 && v.Zeros >= t.Numel() {
			rules.Warn("%s: contains nothing but zeros", t.Name)
		}
	}
	for i := range written {
		seen.WarnOfOverflow(&written[i], rules.Warn)
	}
	if len(faults) > 1 {
		faults = append(faults, &fault.Fault{File: c.Path, Lead: true,
			Problem: fmt.Sprintf("%d tensors contain NaN", len(faults)),
			Hint:    "The training diverged or the files are damaged: take an earlier checkpoint."})
	}
	return faults.Err()
}
