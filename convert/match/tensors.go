package match

import (
	"fmt"
	"slices"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/tensor"
	"hf2olmo/keymap"
)

// match finds the tensors of the plan among the model's, and fills m.Tensors. Every
// tensor of the model must be used once or be left out by the table, every part of
// the plan must be there, in the shape that the config says.
func (m *matching) match(plan *keymap.Plan) error {
	found := m.newMatcher()
	m.Tensors, m.same = found.match(plan, m.Model)
	if len(found.faults) > 0 {
		(&explainer{m, found}).explain()
	}
	return found.faults.Err()
}

func (m *matching) newMatcher() *matcher {
	k := &matcher{files: m.Weights(), placed: m.Model.Placed, dtype: m.options.DType,
		found: map[string]*tensor.Tensor{}, used: map[string]bool{}, left: map[string]bool{},
		done: map[string]assemble.Tensor{}}
	for i := range m.Model.Tensors {
		k.found[m.Model.Tensors[i].Name] = &m.Model.Tensors[i]
	}
	return k
}

// match returns the tensors of the target, and the pairs of tensors that must be equal.
func (m *matcher) match(plan *keymap.Plan, model *hf.Model) (tensors []assemble.Tensor, same []pair) {
	for _, drop := range plan.Drop {
		m.useTiedTwin(drop)
	}
	for _, planned := range plan.Tensors {
		tensors = append(tensors, m.tensor(planned))
	}
	for _, drop := range plan.Drop {
		same = append(same, m.drop(drop)...)
	}
	for i := range model.Again {
		if again := &model.Again[i]; m.used[again.Name] && !m.left[again.Name] {
			same = append(same, m.again(again)...)
		}
	}
	for i := range model.Tensors {
		t := &model.Tensors[i]
		if m.used[t.Name] || len(m.surplus) < maxBuffers && keymap.IsBuffer(t.Name) {
			continue
		}
		m.surplus = append(m.surplus, t.Name)
		m.fault(t, &fault.Fault{Problem: "is not used by the " + plan.Family + " table",
			Found: t.DType.String() + " " + tensor.ShapeString(t.Shape)})
	}
	return tensors, same
}

// maxBuffers is how many unused tensors are tested for being buffers: matching names costs time,
// and a model with that many unknown tensors is refused anyway.
const maxBuffers = 5_000

// A pair of tensors must be equal bit for bit, or the first may not be left out.
type pair struct {
	left, kept *tensor.Tensor
	differs    func(kept *tensor.Tensor, found string) *fault.Fault // what is wrong if they are not
}

type matcher struct {
	files   string            // what the weights are called if no single file is concerned
	placed  map[string]string // shards in which an index places tensors that are in no file
	dtype   tensor.DType
	found   map[string]*tensor.Tensor
	used    map[string]bool
	left    map[string]bool            // those of used that are left out whatever their values
	done    map[string]assemble.Tensor // of the target
	parts   int                        // that were found
	missing []string                   // names of the table that the model lacks
	surplus []string                   // names of the model that the table lacks
	misfits []misfit
	faults  fault.List
}

// A misfit is a tensor whose shape differs from what the config implies.
type misfit struct {
	tensor *tensor.Tensor
	want   []int64
}

func (m *matcher) fault(t *tensor.Tensor, f *fault.Fault) {
	f.File, f.Tensor = t.Where(), t.Name
	m.faults = append(m.faults, f)
}

// tensor matches the parts of one tensor of the target.
func (m *matcher) tensor(planned keymap.PlannedTensor) assemble.Tensor {
	t := assemble.Tensor{Name: planned.Name, Shape: planned.Shape, Same: planned.Same}
	if t.Same != "" {
		t.Content = m.done[t.Same].Content
		return t
	}
	t.Content.Add = float32(planned.Add)
	for _, part := range planned.Parts {
		source, ok := m.found[part.Name]
		if !ok {
			m.missing = append(m.missing, part.Name)
			m.faults = append(m.faults, m.absent(part))
			continue
		}
		m.checkPart(source, part)
		if part.Transposed && len(source.Shape) == 2 {
			source = tensor.Transposed(source)
		}
		t.Content.Parts = append(t.Content.Parts, source)
	}
	if t.Content.DType = tensor.ParseDType(planned.DType); planned.DType == "" {
		t.Content.DType = m.commonDType(t.Content.Parts)
	}
	m.done[t.Name] = t
	return t
}

// absent is the fault of a part that no file has.
func (m *matcher) absent(part keymap.Part) *fault.Fault {
	f := &fault.Fault{File: m.files, Tensor: part.Name, Problem: "is missing", Expected: tensor.ShapeString(part.Shape)}
	if shard := m.placed[part.Name]; shard != "" {
		f.File, f.Problem = shard, "is missing, although "+m.files+" places it here"
		f.Hint = "Download this shard again."
	}
	return f
}

// checkPart compares one tensor of the model with the part that it is to become.
func (m *matcher) checkPart(t *tensor.Tensor, part keymap.Part) {
	if m.used[t.Name] {
		m.fault(t, &fault.Fault{Problem: "is used twice by the table"})
	}
	m.used[t.Name] = true
	m.parts++
	if !t.DType.Convertible() {
		f := &fault.Fault{Problem: "dtype cannot be trained on", Expected: "float32, bfloat16 or float16",
			Found: t.DType.String(),
			Hint:  "Quantized and integer weights do not convert: take the model that they were made from."}
		if t.DType == tensor.Float64 {
			f.Hint = "Load the model in transformers with dtype=torch.float32, and save it again with save_pretrained."
		}
		m.fault(t, f)
	}
	if !slices.Equal(t.Shape, part.Shape) {
		m.misfits = append(m.misfits, misfit{t, part.Shape})
		f := &fault.Fault{Problem: "shape disagrees with config.json",
			Expected: tensor.ShapeString(part.Shape), Found: tensor.ShapeString(t.Shape)}
		if len(t.Shape) == 2 && len(part.Shape) == 2 && t.Shape[0] == part.Shape[1] && t.Shape[1] == part.Shape[0] {
			f.Hint = "The matrix is transposed. Which program wrote this file?"
		}
		m.fault(t, f)
	}
}

// commonDType returns the dtype that parts are written in: the chosen one, or their own if they
// have one in common.
func (m *matcher) commonDType(parts []*tensor.Tensor) tensor.DType {
	if m.dtype != tensor.Invalid || len(parts) == 0 {
		return m.dtype
	}
	for _, t := range parts[1:] {
		if t.DType != parts[0].DType {
			m.fault(t, &fault.Fault{Problem: "is fused with " + parts[0].Name + " but has a different dtype",
				Expected: parts[0].DType.String(), Found: t.DType.String(),
				Hint: "Choose one for all tensors: --dtype float32."})
		}
	}
	return parts[0].DType
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
	if !ok {
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

// again returns what a tensor that is also in a later shard must be equal to.
func (m *matcher) again(t *tensor.Tensor) []pair {
	kept := m.found[t.Name]
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
