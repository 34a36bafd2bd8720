package check

import (
	"cmp"
	"fmt"
	"slices"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

// weights are tensors of an archive, and what was seen of them in one pass over its entries.
type weights struct {
	tensors []tensor.Tensor  // in the order of the file
	seen    []bool           // of an entry whose elements were looked at
	special []tensor.Special // of the whole entry
}

func newWeights(tensors []tensor.Tensor) *weights {
	slices.SortFunc(tensors, func(a, b tensor.Tensor) int { return cmp.Compare(a.Offset, b.Offset) })
	return &weights{tensors, make([]bool, len(tensors)), make([]tensor.Special, len(tensors))}
}

// within returns the tensors whose elements lie from … to, and their dtype if they
// share one, else Invalid.
func (w *weights) within(from, to int64) (inside []int, dtype tensor.DType) {
	if w == nil {
		return nil, tensor.Invalid
	}
	first, _ := slices.BinarySearchFunc(w.tensors, from,
		func(t tensor.Tensor, at int64) int { return cmp.Compare(t.Offset, at) })
	for i := first; i < len(w.tensors) && w.tensors[i].Offset < to; i++ {
		if i > first && w.tensors[i].DType != dtype {
			return nil, tensor.Invalid
		}
		inside, dtype = append(inside, i), w.tensors[i].DType
	}
	return inside, dtype
}

// note records what was seen of the tensors of an entry.
func (w *weights) note(inside []int, dtype tensor.DType, special tensor.Special) {
	for _, i := range inside {
		w.seen[i] = dtype != tensor.Invalid
		w.special[i] = special
	}
}

// valuesOf returns what was seen of tensors by name. Those whose entry may have NaN or
// infinity are looked at by themselves, for an entry may contain several tensors, and bytes of
// none. Files of the older format have no entries.
func (c byteChecks) valuesOf(w *weights) (values, error) {
	all := values{}
	if len(w.tensors) == 0 {
		return all, nil
	}
	files, err := tensor.OpenFiles(w.tensors)
	if err != nil {
		return nil, err
	}
	defer files.Close()
	special := make([]tensor.Special, len(w.tensors))
	err = c.parallel(len(w.tensors), func(i int, buffer []byte) (err error) {
		t, entry := &w.tensors[i], w.special[i]
		switch {
		case !t.DType.Convertible():
		case entry.NaN || entry.Infinite || !w.seen[i]:
			special[i], err = c.look(t, tensor.NewGatherer(files), buffer)
		default:
			special[i] = entry
		}
		return err
	})
	for i := range w.tensors {
		all.add(w.tensors[i].Name, seen{special[i], w.tensors[i].File.Name})
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.dir.given, err)
	}
	return all, nil
}

// look looks at all elements of a tensor, or at no more after a NaN.
func (c byteChecks) look(t *tensor.Tensor, g *tensor.Gatherer, buffer []byte) (tensor.Special, error) {
	content := tensor.Content{DType: t.DType, Parts: []*tensor.Tensor{t}}
	all := tensor.Special{Zero: true}
	for at := int64(0); at < t.Bytes(); at += sliceBytes {
		piece := buffer[:min(sliceBytes, t.Bytes()-at)]
		if err := g.Read(piece, &content, at); err != nil {
			return tensor.Special{}, err
		}
		if all = all.Join(tensor.Look(piece, t.DType)); all.NaN {
			break // nothing worse can follow
		}
		if err := c.ctx.Err(); err != nil {
			return tensor.Special{}, err
		}
	}
	return all, nil
}

// openModel reads the header of model.pt.
func (c byteChecks) openModel() ([]tensor.Tensor, error) {
	f, info, err := c.dir.open(olmo.ModelFile)
	if err != nil {
		return nil, &fault.Fault{Problem: err.Error()}
	}
	defer f.Close()
	return torchfile.Open(f, tensor.NewFile(f.Name(), olmo.ModelFile, info))
}
