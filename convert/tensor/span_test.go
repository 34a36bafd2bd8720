package tensor_test

import (
	"slices"
	"testing"

	"hf2olmo/convert/tensor"
)

// TestSpans: what is in files as it is written, and where in a block it should begin.
func TestSpans(t *testing.T) {
	file, other := &tensor.File{Name: "a"}, &tensor.File{Name: "b"}
	at := func(file *tensor.File, offset, rows int64) *tensor.Tensor {
		return &tensor.Tensor{DType: tensor.Float32, Shape: []int64{rows, 1024}, File: file, Offset: offset}
	}
	blocks := at(file, 16, 20)
	blocks.Flat, blocks.Blocks = true, []tensor.Block{
		{Start: []int64{0}, Data: &tensor.Tensor{DType: tensor.Float32, Shape: []int64{1000}, File: file, Offset: 16}},
		{Start: []int64{1000}, Data: &tensor.Tensor{DType: tensor.Float32, Shape: []int64{20*1024 - 1000}, File: other,
			Offset: 800}}}
	for _, c := range []struct {
		what    string
		content tensor.Content
		want    []tensor.Span
		like    int64
	}{
		{"one", tensor.Content{Parts: []*tensor.Tensor{at(file, 4096+24, 20)}},
			[]tensor.Span{{0, file, 4120, 20 << 12}}, 24},
		{"whole blocks", tensor.Content{Parts: []*tensor.Tensor{at(file, 8192, 20)}},
			[]tensor.Span{{0, file, 8192, 20 << 12}}, 4096},
		{"small", tensor.Content{Parts: []*tensor.Tensor{at(file, 4120, 15)}}, []tensor.Span{{0, file, 4120, 15 << 12}}, 0},
		{"at odd bytes", tensor.Content{Parts: []*tensor.Tensor{at(file, 4121, 20)}},
			[]tensor.Span{{0, file, 4121, 20 << 12}}, 0},
		{"the most", tensor.Content{Parts: []*tensor.Tensor{at(file, 24, 7), at(other, 48, 6), at(other, 48+6<<12, 6)}},
			[]tensor.Span{{0, file, 24, 7 << 12}, {7 << 12, other, 48, 6 << 12}, {13 << 12, other, 48 + 6<<12, 6 << 12}}, 48},
		{"in blocks", tensor.Content{Parts: []*tensor.Tensor{blocks}},
			[]tensor.Span{{0, file, 16, 4000}, {4000, other, 800, 20<<12 - 4000}}, 4096 - 3200},
		{"cast", tensor.Content{DType: tensor.BFloat16, Parts: []*tensor.Tensor{at(file, 24, 40)}}, nil, 0},
		{"more", tensor.Content{Parts: []*tensor.Tensor{at(file, 24, 20)}, Add: 1}, nil, 0},
		{"times", tensor.Content{Parts: []*tensor.Tensor{at(file, 24, 20)}, Scale: 2}, nil, 0},
		{"turned", tensor.Content{Parts: []*tensor.Tensor{tensor.Transposed(at(file, 24, 20))}}, nil, 0},
		{"zeros first", tensor.Content{Parts: []*tensor.Tensor{tensor.Zeros(tensor.Float32, []int64{512}), at(file, 24, 20)}},
			[]tensor.Span{{2048, file, 24, 20 << 12}}, 2048 + 24},
	} {
		if c.content.DType == tensor.Invalid {
			c.content.DType = tensor.Float32
		}
		var spans []tensor.Span
		c.content.Spans(func(s tensor.Span) { spans = append(spans, s) })
		if like := c.content.Like(0, c.content.Bytes()); !slices.Equal(spans, c.want) || like != c.like {
			t.Errorf("%s: %+v, like %d: want %+v, %d", c.what, spans, like, c.want, c.like)
		}
	}
	one := tensor.Content{DType: tensor.Float32, Parts: []*tensor.Tensor{at(file, 24, 40)}}
	if like := one.Like(104, 30<<12); like != 128 {
		t.Errorf("from the byte 104 on: like %d", like)
	}
}
