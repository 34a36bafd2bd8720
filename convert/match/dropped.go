package match

import (
	"fmt"
	"slices"
	"strings"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/tensor"
	"hf2olmo/keymap"
)

// A pair of tensors must be equal bit for bit, or the first may not be left out.
type pair struct {
	left, kept *tensor.Tensor
	differs    func(kept *tensor.Tensor, found string) *fault.Fault // what is wrong if they are not
}

// useTiedTwin uses a tensor that would be left out as a duplicate if the one that it duplicates
// is missing: of two tied tensors, some programs save the wrong one.
func (m *matcher) useTiedTwin(d keymap.Drop) {
	if left := m.found[d.Name]; left != nil && d.SameAs != "" && m.found[d.SameAs] == nil {
		m.found[d.SameAs] = left
	}
}

// drop marks a tensor that the table leaves out as used, if it is there, and
// returns what it must be equal to.
func (m *matcher) drop(d keymap.Drop) []pair {
	left, ok := m.found[d.Name]
	if !ok || d.Rows != (keymap.RowRange{}) { // whose other rows are used
		return nil
	}
	m.used[d.Name] = true
	m.left[d.Name] = d.SameAs == ""
	kept := m.found[d.SameAs]
	if d.SameAs == "" || kept == left {
		return nil
	}
	if left.DType != kept.DType || !slices.Equal(left.Shape, kept.Shape) {
		m.fault(left, differs(kept, fmt.Sprintf("%s %s", left.DType, tensor.ShapeString(left.Shape))))
		return nil
	}
	return []pair{{left, kept, differs}}
}

// LeftOut is how much of a model the trainer has no use for, such as a vision tower.
type LeftOut struct {
	Of      string // what the tensors' names begin with
	Tensors int
	Bytes   int64
}

// dropAll marks the tensors as used whose names begin as the table says, but for those that are used already.
func (m *matcher) dropAll(d keymap.Drop, plan *keymap.Plan, model *hf.Model) {
	left := LeftOut{Of: d.Name}
	for i := range model.Tensors {
		t := &model.Tensors[i]
		if m.used[t.Name] || !strings.HasPrefix(plan.Bare(t.Name), d.Name) {
			continue
		}
		m.used[t.Name], m.left[t.Name] = true, true
		left.Tensors++
		left.Bytes += t.Bytes()
	}
	if left.Tensors > 0 {
		m.leftOut = append(m.leftOut, left)
	}
}

// again returns what a tensor that is also in a later shard must be equal to.
func (m *matcher) again(t, kept *tensor.Tensor) []pair {
	if t.DType != kept.DType || !slices.Equal(t.Shape, kept.Shape) {
		m.fault(t, unequal(kept, fmt.Sprintf("%s %s", t.DType, tensor.ShapeString(t.Shape))))
		return nil
	}
	return []pair{{t, kept, unequal}}
}

// unequal is the fault of a tensor that is in two files with different values.
func unequal(kept *tensor.Tensor, found string) *fault.Fault {
	return &fault.Fault{Problem: "is also in " + kept.Where() + ", with different contents",
		Expected: fmt.Sprintf("the same %s %s", kept.DType, tensor.ShapeString(kept.Shape)), Found: found,
		Hint: "The shards belong to two models, or to two versions of one: download all of them again."}
}

// differs is the fault of a tensor that the config declares to be tied to another.
func differs(kept *tensor.Tensor, found string) *fault.Fault {
	return &fault.Fault{Problem: "differs from " + kept.Name + ", to which config.json ties it",
		Expected: fmt.Sprintf("the same %s %s", kept.DType, tensor.ShapeString(kept.Shape)), Found: found,
		Hint: "If the two are meant to differ, set tie_word_embeddings (weight_tying) to false in config.json."}
}
