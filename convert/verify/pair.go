package verify

import (
	"fmt"
	"slices"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/sharded"
	"hf2olmo/convert/tensor"
)

// expected is what a folder should contain, whatever that is made of.
type expected struct {
	title   string            // what Progress shows
	whole   string            // what the tensors are parts of
	tensors []assemble.Tensor // in the dtypes of the folder, as far as they are known
	exact   bool              // dtypes and names are the sources': no other dtype is a cast
	sources []tensor.Tensor   // of whose files the tensors are made
	files   []*tensor.File    // of the sources, whose checksums are compared
}

// judged is what is compared with that.
type judged struct {
	dir      string            // absolute
	tensors  []assemble.Tensor // none of them under two names
	sources  []tensor.Tensor   // of whose files the tensors are made
	files    []*tensor.File    // whose checksums are compared
	archives []sharded.Archive // of torch.save, whose structure is checked
}

// judge returns what a checkpoint has to be compared.
func (c *checkpoint) judge() judged {
	j := judged{dir: c.Path, files: c.Files, archives: c.Archives}
	for _, t := range c.Tensors() {
		j.sources = append(j.sources, t.Tensor)
		j.tensors = append(j.tensors, asItIs(t.Name, &t.Tensor))
	}
	return j
}

// asItIs is a tensor that another is, under a name.
func asItIs(name string, t *tensor.Tensor) assemble.Tensor {
	return assemble.Tensor{Name: name, Shape: t.Shape,
		Content: tensor.Content{DType: t.DType, Parts: []*tensor.Tensor{t}}}
}

// pair finds each expected tensor in the folder. Its dtype is the folder's, if that may be
// another: what was cast is compared with the cast of the source.
func (v *verifier) pair() {
	found := map[string]*assemble.Tensor{}
	for i := range v.found.tensors {
		found[v.found.tensors[i].Name] = &v.found.tensors[i]
	}
	for i := range v.tensors {
		t := &v.tensors[i]
		f := found[t.Name]
		delete(found, t.Name)
		source := t.Content.Parts[0].Called()
		switch {
		case f == nil:
			v.structure(t.Name, source, "is missing")
		case !slices.Equal(f.Shape, t.Shape):
			v.structure(t.Name, source, fmt.Sprintf("has shape %s: expected %s", tensor.ShapeString(f.Shape),
				tensor.ShapeString(t.Shape)))
		case f.Content.DType == t.Content.DType:
			compare(v, i, f)
		case !v.exact && !f.Content.DType.Convertible():
			v.structure(t.Name, source, fmt.Sprintf("has dtype %s, which no conversion writes", f.Content.DType))
		case v.exact || t.Content.Add > 0 || !t.Content.DType.Convertible(): // trainers' norms of 1 + w stay float32
			v.structure(t.Name, source, fmt.Sprintf("has dtype %s: expected %s", f.Content.DType, t.Content.DType))
		default:
			t.Content.DType = f.Content.DType
			compare(v, i, f)
		}
	}
	for i := range v.found.tensors {
		if name := v.found.tensors[i].Name; found[name] != nil {
			v.structure(name, "", "is not part of "+v.whole)
		}
	}
}

// noteCast notes from which dtype tensors were cast to be compared.
func noteCast(v *verifier) {
	for i := range v.compared {
		to := &v.compared[i]
		for _, part := range to.content.Parts {
			switch {
			case part.Filled() || part.DType == to.content.DType || to.content.Add != 0 || v.result.Cast == part.DType.String():
			case v.result.Cast == "":
				v.result.Cast = part.DType.String()
			default:
				v.result.Cast = mixed
			}
		}
	}
}

// mixed is what the dtype of tensors is called that have several.
const mixed = "mixed"

func compare(v *verifier, i int, found *assemble.Tensor) {
	v.compared = append(v.compared,
		comparison{tensor: i, content: &v.tensors[i].Content, found: &found.Content, first: -1})
}

func (v *verifier) structure(name, source, problem string) {
	v.structural = append(v.structural, TensorDifference{Tensor: name, Source: source, Element: -1, Offset: -1,
		Problem: problem})
}
