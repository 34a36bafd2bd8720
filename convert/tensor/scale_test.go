package tensor_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"

	"hf2olmo/convert/tensor"
)

// TestScale multiplies float32 and bfloat16, kept as they are and cast, with and without 1 added before: as
// float32 arithmetic gives it, rounded to the dtype after that.
func TestScale(t *testing.T) {
	values := []float32{0, -1, 0.5, 1e-9, 1.00390625, 3.5e8, float32(math.Inf(1)), -1.0078125, 3e38, float32(math.NaN())}
	var data []byte
	for _, v := range values {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	narrow := int64(len(data))
	for _, v := range values {
		data = binary.LittleEndian.AppendUint16(data, uint16(math.Float32bits(v)>>16))
	}
	file, files := testFile(t, data)
	wide := &tensor.Tensor{DType: tensor.Float32, Shape: []int64{10}, File: file}
	short := &tensor.Tensor{DType: tensor.BFloat16, Shape: []int64{10}, File: file, Offset: narrow}
	for _, scale := range []float32{0.125, 0.3, -2, 1.7} {
		for _, add := range []float32{0, 1} {
			content := &tensor.Content{DType: tensor.Float32, Parts: []*tensor.Tensor{wide, short}, Add: add, Scale: scale}
			g := tensor.NewGatherer(files)
			got := make([]byte, content.Bytes())
			if err := g.Read(got, content, 0); err != nil {
				t.Fatal(err)
			}
			overflows := int64(0)
			for i := range 20 {
				v := values[i%10]
				if i >= 10 {
					v = math.Float32frombits(math.Float32bits(v) &^ 0xffff)
				}
				want := (v + add) * scale
				if math.IsInf(float64(want), 0) && !math.IsInf(float64(v), 0) {
					overflows++
				}
				have := math.Float32frombits(binary.LittleEndian.Uint32(got[4*i:]))
				if math.Float32bits(have) != math.Float32bits(want) && !(math.IsNaN(float64(have)) && math.IsNaN(float64(want))) {
					t.Errorf("(%v + %v) × %v = %v, want %v", v, add, scale, have, want)
				}
			}
			if g.Overflows != overflows {
				t.Errorf("× %v: %d elements overflowed, want %d", scale, g.Overflows, overflows)
			}
			sameCast(t, files, content, got)
		}
	}
}

// sameCast reads a content as bfloat16, in pieces: what a file of its float32 values is cast to.
func sameCast(t *testing.T, files *tensor.Files, c *tensor.Content, wide []byte) {
	t.Helper()
	file, cast := testFile(t, wide)
	plain := &tensor.Content{DType: tensor.BFloat16, Parts: []*tensor.Tensor{
		{DType: tensor.Float32, Shape: []int64{int64(len(wide) / 4)}, File: file}}}
	want := make([]byte, plain.Bytes())
	if err := tensor.NewGatherer(cast).Read(want, plain, 0); err != nil {
		t.Fatal(err)
	}
	short := *c
	short.DType = tensor.BFloat16
	for _, step := range []int64{2, 6, short.Bytes()} {
		g := tensor.NewGatherer(files)
		for off := int64(0); off < short.Bytes(); off += step {
			piece := make([]byte, min(step, short.Bytes()-off))
			if err := g.Read(piece, &short, off); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(piece, want[off:off+int64(len(piece))]) {
				t.Fatalf("× %v, as bfloat16 from byte %d: %x, want %x", c.Scale, off, piece, want[off:])
			}
		}
	}
}

// TestUndo divides what was multiplied, and takes off what was added: each element is off by a rounding of each of
// the two steps at most, and one that needed none comes back as it was.
func TestUndo(t *testing.T) {
	values := []float32{0, -1, 0.5, 1e-9, 1.00390625, -1.0078125, 3.25, 77.125}
	var data []byte
	for _, v := range values {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	for _, c := range []struct{ scale, add, within float32 }{{0.25, 0, 0}, {0.3, 0, 2e-7}, {1.7, 1, 4e-7}, {-2, 1, 2e-7}} {
		file, files := testFile(t, data)
		one := &tensor.Tensor{DType: tensor.Float32, Shape: []int64{int64(len(values))}, File: file}
		there := make([]byte, len(data))
		forth := &tensor.Content{DType: tensor.Float32, Parts: []*tensor.Tensor{one}, Add: c.add, Scale: c.scale}
		if err := tensor.NewGatherer(files).Read(there, forth, 0); err != nil {
			t.Fatal(err)
		}
		file, files = testFile(t, there)
		two := &tensor.Tensor{DType: tensor.Float32, Shape: one.Shape, File: file}
		again := make([]byte, len(data))
		back := &tensor.Content{DType: tensor.Float32, Parts: []*tensor.Tensor{two}, Add: -c.add, Scale: c.scale, Undo: true}
		if err := tensor.NewGatherer(files).Read(again, back, 0); err != nil {
			t.Fatal(err)
		}
		for i, v := range values {
			got := math.Float32frombits(binary.LittleEndian.Uint32(again[4*i:]))
			if math.Abs(float64(got-v)) > float64(c.within)*max(math.Abs(float64(v)), float64(c.add)) {
				t.Errorf("%v + %v × %v comes back as %v", v, c.add, c.scale, got)
			}
		}
	}
}
