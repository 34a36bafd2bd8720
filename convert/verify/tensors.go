package verify

import (
	"bytes"
	"cmp"
	"context"
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

// verifier is one comparison of tensors and of the files with them, shared by its workers.
type verifier struct {
	expected
	options    Options
	layOut     func() ([]assemble.File, error) // the files with the tensors, called if none is missing; nil if any will do
	large      []assemble.File                 // what layOut returned
	found      judged
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
	noteCast(v)
	if len(v.structural) == 0 && v.layOut != nil {
		if err := v.cutFiles(); err != nil {
			return err
		}
	}
	files, err := tensor.OpenFiles(slices.Concat(v.sources, v.found.sources))
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
	if found, at := partOf(k.found, k.first); found.Contiguous() && !found.Filled() {
		file, offset := found.ByteOf(at)
		d.File, d.Offset = file.Name, offset
	}
	part, at := partOf(k.content, k.first)
	if d.Source = part.Called(); v.exact || d.Source == d.Tensor { // then its name says nothing more
		file, _ := part.ByteOf(at)
		d.Source = file.Name
	}
	return d
}

// partOf returns the part of a content that has an element, and the element's number in it.
func partOf(c *tensor.Content, element int64) (*tensor.Tensor, int64) {
	for _, part := range c.Parts[:len(c.Parts)-1] {
		n := part.Numel()
		if element < n {
			return part, element
		}
		element -= n
	}
	return c.Parts[len(c.Parts)-1], element
}
