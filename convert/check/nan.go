package check

import (
	"fmt"

	"hf2olmo/convert/olmo"
	"hf2olmo/convert/tensor"
)

// weights are the tensors of model.pt and what one pass over its entries tells of them.
type weights struct {
	tensors []tensor.Tensor
	seen    []bool // looked at for NaN
	suspect []bool // in an entry that holds NaN somewhere
}

// within returns the tensors whose elements lie from … to, and their dtype where they
// share one, else Invalid.
func (w *weights) within(from, to int64) (inside []int, dtype tensor.DType) {
	if w == nil {
		return nil, tensor.Invalid
	}
	for i, t := range w.tensors {
		if t.Offset < from || t.Offset >= to {
			continue
		}
		if len(inside) > 0 && t.DType != dtype {
			return nil, tensor.Invalid
		}
		inside, dtype = append(inside, i), t.DType
	}
	return inside, dtype
}

// note takes down what was seen of the tensors of an entry.
func (w *weights) note(inside []int, dtype tensor.DType, nan bool) {
	for _, i := range inside {
		w.seen[i] = dtype != tensor.Invalid
		w.suspect[i] = nan
	}
}

// checkNaN looks at every tensor that may hold NaN, by itself: an entry may hold several,
// and bytes of none. Files of the older format have no entries, so it looks at all of them.
func (c *checker) checkNaN(w *weights) error {
	if len(w.tensors) == 0 {
		return nil
	}
	files, err := tensor.OpenFiles(w.tensors)
	if err != nil {
		return err
	}
	defer files.Close()
	nan := make([]bool, len(w.tensors))
	err = c.parallel(len(w.tensors), func(i int, buffer []byte) (err error) {
		if t := &w.tensors[i]; t.DType.Convertible() && (w.suspect[i] || !w.seen[i]) {
			nan[i], err = c.holdsNaN(t, tensor.NewGatherer(files), buffer)
		}
		return err
	})
	for i, t := range w.tensors {
		if nan[i] {
			c.add(Finding{Code: "nan", File: olmo.ModelFile, Tensor: t.Name, Problem: "holds NaN",
				Trainer: "The trainer's FSDP path stops: ValueError: Module '…' contains NaNs, this is likely a bug restoring from full checkpoints. Other paths load it.",
				Hint:    "The run had diverged when this was saved: take an earlier checkpoint."})
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c.dir, err)
	}
	return nil
}

func (c *checker) holdsNaN(t *tensor.Tensor, g *tensor.Gatherer, buffer []byte) (bool, error) {
	content := tensor.Content{DType: t.DType, Parts: []*tensor.Tensor{t}}
	for at := int64(0); at < t.Bytes(); at += sliceBytes {
		piece := buffer[:min(sliceBytes, t.Bytes()-at)]
		if err := g.Read(piece, &content, at); err != nil {
			return false, err
		}
		if tensor.HasNaN(piece, t.DType) {
			return true, nil
		}
		if err := c.ctx.Err(); err != nil {
			return false, err
		}
	}
	return false, nil
}
