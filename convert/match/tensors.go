package match

import (
	"fmt"
	"slices"
	"strings"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/tensor"
	"hf2olmo/keymap"
)

// match finds the tensors of the plan among the model's, and fills m.Tensors. Every
// tensor of the model must be used once or be left out by the table, every part of
// the plan must be there, in the shape that the config says. If the config was refused, that is why what does
// not match does not, unless another cause is known.
func (m *matching) match(plan *keymap.Plan, refused bool) error {
	found := m.newMatcher()
	m.Tensors, m.same = found.match(plan, m.Model)
	m.LeftOut = found.leftOut
	m.warnOfScales()
	if len(found.faults) > 0 {
		(&explainer{m, found, refused}).explain()
	}
	return found.faults.Err()
}

func (m *matching) newMatcher() *matcher {
	k := &matcher{files: m.Weights(), placed: m.Model.Placed, dtype: m.options.DType,
		found: map[string]*tensor.Tensor{}, used: map[string]bool{}, left: map[string]bool{},
		lacks: map[string]bool{}, done: map[string]assemble.Tensor{}}
	return k
}

// find gives each of the model's tensors the name that the table has for it.
func (m *matcher) find(plan *keymap.Plan, model *hf.Model) {
	for i := range model.Tensors {
		t := &model.Tensors[i]
		name := plan.Bare(t.Name)
		if other := m.found[name]; other != nil {
			m.fault(t, &fault.Fault{Problem: "is, without its prefix, called as " + other.Name + " is"})
			continue
		}
		m.found[name] = t
	}
}

// match returns the tensors of the target, and the pairs of tensors that must be equal.
func (m *matcher) match(plan *keymap.Plan, model *hf.Model) (tensors []assemble.Tensor, same []pair) {
	m.find(plan, model)
	for _, drop := range plan.Drop {
		m.useTiedTwin(drop)
	}
	for _, planned := range plan.Tensors {
		tensors = append(tensors, m.tensor(planned))
	}
	for _, drop := range plan.Drop {
		if drop.All {
			m.dropAll(drop, plan, model)
		} else {
			same = append(same, m.drop(drop)...)
		}
	}
	for i := range model.Again {
		if again := &model.Again[i]; m.used[again.Name] && !m.left[again.Name] {
			same = append(same, m.again(again, m.found[plan.Bare(again.Name)])...)
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

type matcher struct {
	files   string            // what the weights are called if no single file is concerned
	placed  map[string]string // shards in which an index places tensors that are in no file
	dtype   tensor.DType
	mostly  tensor.DType // what most returns, once it is known
	found   map[string]*tensor.Tensor
	used    map[string]bool
	left    map[string]bool            // those of used that are left out whatever their values
	done    map[string]assemble.Tensor // of the target
	parts   int                        // that were found
	lacks   map[string]bool            // names of the table that the model lacks,
	missing []string                   // each once
	leftOut []LeftOut                  // by their beginnings
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
	t.Content.Add, t.Content.Scale = float32(planned.Add), float32(planned.Scale)
	var zeros []*tensor.Tensor
	for _, part := range planned.Parts {
		if part.Zeros {
			zeros = append(zeros, tensor.Zeros(tensor.Invalid, part.Shape))
			t.Content.Parts = append(t.Content.Parts, zeros[len(zeros)-1])
		} else if source := m.part(part); source != nil {
			t.Content.Parts = append(t.Content.Parts, source)
		}
	}
	if t.Content.DType = tensor.ParseDType(planned.DType); planned.DType == "" {
		t.Content.DType = m.commonDType(t.Content.Parts)
	}
	for _, z := range zeros {
		z.DType = t.Content.DType
	}
	m.done[t.Name] = t
	return t
}

// part returns what a part of the plan is of the model's tensors, nil if there is no such tensor.
func (m *matcher) part(part keymap.Part) *tensor.Tensor {
	source, ok := m.found[part.Name]
	if !ok {
		if !m.lacks[part.Name] {
			m.lacks[part.Name] = true
			m.missing = append(m.missing, part.Name)
			m.faults = append(m.faults, m.absent(part))
		}
		return nil
	}
	if part.Rows == (keymap.RowRange{}) || !m.used[source.Name] { // whose rows the plan uses once
		m.checkPart(source, part)
	}
	if !slices.Equal(source.Shape, part.Shape) {
		return source
	}
	if part.Order != (keymap.Order{}) {
		source = tensor.InOrder(tensor.Order(part.Order), source)
		source.Cut = "permuted"
	}
	if r := part.Rows; r != (keymap.RowRange{}) {
		rows := *tensor.Rows(source, r.From, r.To-r.From)
		rows.Cut = strings.TrimPrefix(fmt.Sprintf("%s, rows %d to %d", rows.Cut, r.From, r.To-1), ", ")
		source = &rows
	}
	if part.Transposed {
		source = tensor.Transposed(source)
	}
	return source
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
// have one in common. Zeros have that of the others, or of most of the model.
func (m *matcher) commonDType(parts []*tensor.Tensor) tensor.DType {
	if m.dtype != tensor.Invalid || len(parts) == 0 {
		return m.dtype
	}
	parts = slices.DeleteFunc(slices.Clone(parts), (*tensor.Tensor).Filled)
	if len(parts) == 0 {
		return m.most()
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

// most returns the dtype that most of the model's elements have.
func (m *matcher) most() tensor.DType {
	if m.mostly != tensor.Invalid {
		return m.mostly
	}
	elements := map[tensor.DType]int64{}
	for _, t := range m.found {
		if t.DType.Convertible() {
			elements[t.DType] += t.Numel()
		}
	}
	m.mostly = tensor.Float32
	for dtype, n := range elements {
		if most := elements[m.mostly]; n > most || n == most && dtype < m.mostly {
			m.mostly = dtype
		}
	}
	return m.mostly
}
