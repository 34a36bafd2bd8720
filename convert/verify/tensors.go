package verify

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"hash/crc32"
	"slices"
	"sync"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/folder"
	"hf2olmo/convert/tensor"
)

// A TensorDifference is a tensor that is not what a conversion would write. Element is
// the first that differs, in row-major order, and Offset its byte in File; both are -1
// if no single element is meant. Tensor is empty if it is the file's own structure that
// differs, and File if there is no file.
type TensorDifference struct {
	Tensor   string `json:"tensor"`
	Source   string `json:"source"` // the tensor of the model, or the file of the checkpoint, that the element comes from
	Element  int64  `json:"element"`
	Offset   int64  `json:"offset"`
	Elements int64  `json:"elements"` // how many differ
	Problem  string `json:"problem"`
	File     string `json:"file"`
}

// expected is what a folder should contain, whatever that is made of.
type expected struct {
	title   string            // what Progress shows
	whole   string            // what the tensors are parts of
	tensors []assemble.Tensor // in the dtypes of the folder, as far as they are known
	exact   bool              // dtypes and names are the sources': no other dtype is a cast
	sources []tensor.Tensor   // of whose files the tensors are made
	files   []*tensor.File    // of the sources, whose checksums are compared
}

// verifier is one comparison of tensors and of the files with them, shared by its workers.
type verifier struct {
	expected
	options    Options
	layOut     func() ([]assemble.File, error) // the files with the tensors; called if none is missing
	large      []assemble.File                 // what layOut returned
	found      *checkpoint
	recorded   *folder.Manifest
	result     *Result
	structural []TensorDifference
	compared   []comparison

	mu sync.Mutex
}

// comparison is a tensor that both have, in the same shape.
type comparison struct {
	tensor   int // of those expected
	content  *tensor.Content
	found    *tensor.Content
	cuts     []int64   // bytes before each run of a file, in rising order
	segments []segment // between the cuts and the ends of pieces, in order
	first    int64     // element, -1 for none
	differ   int64     // elements
}

// compareTensors compares names and shapes, then all bytes, then the structure of the files.
func (v *verifier) compareTensors(ctx context.Context) error {
	v.pair()
	if len(v.structural) == 0 {
		if err := v.cutFiles(); err != nil {
			return err
		}
	}
	all := slices.Clone(v.sources)
	for _, t := range v.found.Tensors() {
		all = append(all, t.Tensor)
	}
	files, err := tensor.OpenFiles(all)
	if err != nil {
		return err
	}
	defer files.Close()
	contents := make([]*tensor.Content, len(v.compared))
	total := int64(0)
	for i := range v.compared {
		contents[i] = v.compared[i].content
		total += contents[i].Bytes()
	}
	if p := v.options.Progress; p != nil {
		p.Start(v.title, assemble.Comparing, total)
		defer p.Stop()
	}
	if err := tensor.Sweep(ctx, files, contents, v.options.Jobs, v.visitor); err != nil {
		return err
	}
	if err := files.Unchanged(); err != nil {
		return err
	}
	r := v.result
	for i := range v.compared {
		k := &v.compared[i]
		slices.SortFunc(k.segments, func(a, b segment) int { return cmp.Compare(a.from, b.from) }) // workers end in any order
		if k.differ > 0 {
			r.Differing++
			r.Differences = append(r.Differences, v.describe(k))
		}
	}
	r.Differing += len(v.structural)
	r.Differences = append(r.Differences, v.structural...)
	if err := v.compareSums(ctx, files); err != nil {
		return err
	}
	return v.compareFrames()
}

// pair finds each expected tensor in the folder. Its dtype is the folder's, if that may be
// another: what was cast is compared with the cast of the source.
func (v *verifier) pair() {
	found := map[string]*tensor.Tensor{}
	for _, t := range v.found.Tensors() {
		found[t.Name] = &t.Tensor
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
		case !v.exact && !f.DType.Convertible():
			v.structure(t.Name, source, fmt.Sprintf("has dtype %s, which no conversion writes", f.DType))
		case f.DType != t.Content.DType && (v.exact || t.Content.Add != 0):
			v.structure(t.Name, source, fmt.Sprintf("has dtype %s: expected %s", f.DType, t.Content.DType))
		default:
			t.Content.DType = f.DType
			v.compared = append(v.compared, comparison{tensor: i, content: &t.Content, first: -1,
				found: &tensor.Content{DType: f.DType, Parts: []*tensor.Tensor{f}}})
		}
	}
	for _, t := range v.found.Tensors() {
		if found[t.Name] != nil {
			v.structure(t.Name, "", "is not part of "+v.whole)
		}
	}
}

func (v *verifier) structure(name, source, problem string) {
	v.structural = append(v.structural, TensorDifference{Tensor: name, Source: source, Element: -1, Offset: -1,
		Problem: problem})
}

// compareBytes is how much of the folder is compared with a piece of the source at once.
const compareBytes = 1 << 20

// visitor returns a worker's own visitor, which compares pieces of the source with the folder.
func (v *verifier) visitor() tensor.Visitor {
	buffer := make([]byte, compareBytes)
	return func(g *tensor.Gatherer, p tensor.Piece, data []byte) error {
		k := &v.compared[p.Content]
		first, differ := int64(-1), int64(0)
		for at := 0; at < len(data); at += len(buffer) {
			want := data[at:min(at+len(buffer), len(data))]
			got := buffer[:len(want)]
			if err := g.Read(got, k.found, p.Offset+int64(at)); err != nil {
				return err
			}
			if bytes.Equal(want, got) {
				continue
			}
			from, n := countDifferences(want, got, int(k.content.DType.Size()))
			if differ += n; first < 0 {
				first = (p.Offset+int64(at))/k.content.DType.Size() + from
			}
		}
		k.note(v, p, k.cut(p, data), first, differ)
		return nil
	}
}

// cut returns the checksums of a piece, which a run may end in.
func (k *comparison) cut(p tensor.Piece, data []byte) []segment {
	var segments []segment
	at := p.Offset
	for len(data) > 0 {
		next := at + int64(len(data))
		if i, _ := slices.BinarySearch(k.cuts, at+1); i < len(k.cuts) {
			next = min(next, k.cuts[i])
		}
		part := data[:next-at]
		segments = append(segments, segment{at, next - at, crc32.ChecksumIEEE(part)})
		data, at = data[len(part):], next
	}
	return segments
}

// note keeps what a piece showed.
func (k *comparison) note(v *verifier, p tensor.Piece, segments []segment, first, differ int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	k.segments = append(k.segments, segments...)
	k.differ += differ
	if first >= 0 && (k.first < 0 || first < k.first) {
		k.first = first
	}
	if v.options.Progress != nil {
		v.options.Progress.Add(p.Length)
	}
}

// countDifferences returns the first element that differs, and how many do.
func countDifferences(a, b []byte, size int) (first, n int64) {
	first = -1
	for i := 0; i < len(a); i += size {
		if !bytes.Equal(a[i:i+size], b[i:i+size]) {
			if n++; first < 0 {
				first = int64(i / size)
			}
		}
	}
	return first, n
}

// describe names the part of the model that the first differing element comes from.
func (v *verifier) describe(k *comparison) TensorDifference {
	d := TensorDifference{Tensor: v.tensors[k.tensor].Name, Element: k.first, Elements: k.differ,
		Problem: "differs", Offset: -1}
	if found := k.found.Parts[0]; found.Contiguous() {
		file, at := found.ByteOf(k.first)
		d.File, d.Offset = file.Name, at
	}
	rest := k.first
	for _, part := range k.content.Parts {
		if d.Source = part.Called(); rest < part.Numel() {
			if v.exact { // its name says nothing more
				file, _ := part.ByteOf(rest)
				d.Source = file.Name
			}
			break
		}
		rest -= part.Numel()
	}
	return d
}
