package tensor_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"hf2olmo/convert/tensor"
)

// testFile writes data into a file and opens it as a model's.
func testFile(t *testing.T, data []byte) (*tensor.File, *tensor.Files) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "weights")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	file := &tensor.File{Path: path, Name: "weights", Size: info.Size(), ModTime: info.ModTime()}
	files, err := tensor.OpenFiles([]tensor.Tensor{{File: file}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(files.Close)
	return file, files
}

// reference gathers element by element, by the definition of a stride.
func reference(data []byte, tn *tensor.Tensor) []byte {
	size := tn.DType.Size()
	index := make([]int64, len(tn.Shape))
	var out []byte
	for range tn.Numel() {
		at := int64(0)
		for d, i := range index {
			at += i * tn.Stride[d]
		}
		at = tn.Offset + at*size
		out = append(out, data[at:at+size]...)
		for d := len(index) - 1; d >= 0; d-- {
			if index[d]++; index[d] < tn.Shape[d] {
				break
			}
			index[d] = 0
		}
	}
	return out
}

// TestGatherAnyStride reads strided tensors in pieces of random sizes.
func TestGatherAnyStride(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	data := make([]byte, 1<<20)
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	file, files := testFile(t, data)
	for _, c := range []struct{ shape, stride []int64 }{
		{[]int64{300, 200}, []int64{1, 300}},          // transposed
		{[]int64{7, 9000}, []int64{1, 7}},             // transposed, flat
		{[]int64{100, 50}, []int64{70, 1}},            // a slice of columns
		{[]int64{1000}, []int64{0}},                   // expanded
		{[]int64{60, 40}, []int64{0, 1}},              // expanded rows
		{[]int64{60, 40}, []int64{1, 0}},              // expanded columns
		{[]int64{50}, []int64{3}},                     // a column
		{[]int64{4, 5, 6}, []int64{1, 24, 4}},         // permuted
		{[]int64{4, 5, 6}, []int64{60, 2, 10}},        // permuted with gaps
		{[]int64{1, 30, 1, 20}, []int64{5, 1, 9, 30}}, // ones in between
		{[]int64{}, []int64{}},
		{[]int64{3, 0}, []int64{1, 3}},
	} {
		for _, dtype := range []tensor.DType{tensor.Float32, tensor.BFloat16} {
			tn := &tensor.Tensor{Name: "t", DType: dtype, Shape: c.shape, Stride: c.stride, File: file, Offset: 64}
			want := reference(data, tn)
			content := &tensor.Content{DType: dtype, Parts: []*tensor.Tensor{tn}}
			g := tensor.NewGatherer(files)
			for round := range 4 {
				var got []byte
				for off := int64(0); off < content.Bytes(); {
					n := content.Bytes() - off
					if round > 0 {
						n = min(n, dtype.Size()*(1+random.Int64N(5000)))
					}
					piece := make([]byte, n)
					if err := g.Read(piece, content, off); err != nil {
						t.Fatal(err)
					}
					got = append(got, piece...)
					off += n
				}
				if !bytes.Equal(got, want) {
					t.Fatalf("shape %v stride %v %s: other bytes", c.shape, c.stride, dtype)
				}
			}
		}
	}
}

// TestContentOfParts reads fused tensors, cast, across the borders of their parts.
func TestContentOfParts(t *testing.T) {
	data := make([]byte, 4096)
	for i := range 1024 {
		binary.LittleEndian.PutUint32(data[4*i:], uint32(0x3f800000+i<<13))
	}
	file, files := testFile(t, data)
	content := &tensor.Content{DType: tensor.BFloat16, Parts: []*tensor.Tensor{
		{DType: tensor.Float32, Shape: []int64{3, 5}, File: file, Offset: 400},
		{DType: tensor.Float32, Shape: []int64{2, 5}, Stride: []int64{1, 2}, File: file},
		{DType: tensor.BFloat16, Shape: []int64{1, 5}, File: file, Offset: 80},
	}}
	whole := make([]byte, content.Bytes())
	g := tensor.NewGatherer(files)
	if err := g.Read(whole, content, 0); err != nil {
		t.Fatal(err)
	}
	for i, at := range []int{100, 101, 102} {
		if got, want := binary.LittleEndian.Uint16(whole[2*i:]),
			tensor.NarrowBFloat16(uint32(0x3f800000+at<<13)); got != want {
			t.Errorf("element %d is %04x, want %04x", i, got, want)
		}
	}
	if got, want := binary.LittleEndian.Uint16(whole[2*16:]),
		tensor.NarrowBFloat16(uint32(0x3f800000+2<<13)); got != want {
		t.Errorf("transposed element is %04x, want %04x", got, want)
	}
	if !bytes.Equal(whole[50:], data[80:90]) {
		t.Error("the last part is not as it is in the file")
	}
	for off := int64(0); off < content.Bytes(); off += 2 {
		var piece [4]byte
		n := min(4, content.Bytes()-off)
		if err := g.Read(piece[:n], content, off); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(piece[:n], whole[off:off+n]) {
			t.Fatalf("piece at %d differs", off)
		}
	}
}

func TestSpecial(t *testing.T) {
	for dtype, values := range map[tensor.DType]struct{ nan, not []uint32 }{
		tensor.Float32: {[]uint32{0x7fc00000, 0xffc00000, 0x7f800001, 0xffffffff},
			[]uint32{0, 0x7f800000, 0xff800000, 0x7f7fffff, 0x80000001}},
		tensor.BFloat16: {[]uint32{0x7fc0, 0xffc0, 0x7f81, 0xffff}, []uint32{0, 0x7f80, 0xff80, 0x7f7f, 0x8001}},
		tensor.Float16:  {[]uint32{0x7e00, 0xfe00, 0x7c01, 0xffff}, []uint32{0, 0x7c00, 0xfc00, 0x7bff, 0x8001}},
	} {
		size := int(dtype.Size())
		for _, length := range []int{1, 2, 7, 8, 16, 31, 100} {
			for at := range length {
				for want, list := range map[bool][]uint32{true: values.nan, false: values.not} {
					for _, bits := range list {
						p := bytes.Repeat([]byte{0x01, 0x80, 0x01, 0x80}[:size], length)
						word := binary.LittleEndian.AppendUint32(nil, bits)
						copy(p[at*size:], word[:size])
						if tensor.HasNaN(p, dtype) != want {
							t.Fatalf("%s %x at %d of %d: want %v", dtype, bits, at, length, want)
						}
						infinite := slices.Contains(values.not[1:3], bits)
						if got := tensor.Look(p, dtype); got != (tensor.Special{NaN: want, Infinite: infinite, Zero: bits == 0 &&
							length == 1}) ||
							tensor.Finite(p, dtype) != (!want && !infinite) {
							t.Fatalf("%s %x at %d of %d: %+v", dtype, bits, at, length, got)
						}
					}
				}
			}
		}
	}
}

func TestCombineCRC(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	data := make([]byte, 100_000)
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	for range 200 {
		a, b := random.IntN(len(data)), random.IntN(len(data))
		a, b = min(a, b), max(a, b)
		got := tensor.CombineCRC(crc32.ChecksumIEEE(data[:a]), crc32.ChecksumIEEE(data[a:b]), int64(b-a))
		if want := crc32.ChecksumIEEE(data[:b]); got != want {
			t.Fatalf("%d+%d: %08x, want %08x", a, b-a, got, want)
		}
	}
}

func TestContiguous(t *testing.T) {
	for _, c := range []struct {
		shape, stride []int64
		want          bool
	}{
		{[]int64{2, 3}, nil, true}, {[]int64{2, 3}, []int64{3, 1}, true}, {[]int64{2, 3}, []int64{1, 2}, false},
		{[]int64{1, 3}, []int64{9, 1}, true}, {[]int64{3, 1}, []int64{1, 7}, true}, {[]int64{3}, []int64{0}, false},
		{[]int64{0, 3}, []int64{1, 5}, true}, {nil, nil, true},
	} {
		tn := tensor.Tensor{Shape: c.shape, Stride: c.stride}
		if tn.Contiguous() != c.want {
			t.Error(fmt.Sprint(c.shape, c.stride, tn.Contiguous()))
		}
	}
}
