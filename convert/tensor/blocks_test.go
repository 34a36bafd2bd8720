package tensor_test

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"slices"
	"testing"

	"hf2olmo/convert/tensor"
)

// cut cuts a matrix into blocks of so many rows and columns, each of which lies by itself.
func cut(file *tensor.File, shape []int64, dtype tensor.DType, rows, columns []int64, at int64) *tensor.Tensor {
	t := &tensor.Tensor{Name: "t", DType: dtype, Shape: shape}
	top := int64(0)
	for _, r := range rows {
		left := int64(0)
		for _, c := range columns {
			data := &tensor.Tensor{DType: dtype, Shape: []int64{r, c}, File: file, Offset: at}
			t.Blocks = append(t.Blocks, tensor.Block{Start: []int64{top, left}, Data: data})
			at, left = at+data.Bytes(), left+c
		}
		top += r
	}
	t.File = file
	return t
}

// element returns where an element of a matrix in blocks is.
func element(t *tensor.Tensor, row, column int64) int64 {
	for i := range t.Blocks {
		b := &t.Blocks[i]
		if tensor.Contains(b, []int64{row, column}) {
			return b.Data.Offset + ((row-b.Start[0])*b.Data.Shape[1]+column-b.Start[1])*t.DType.Size()
		}
	}
	panic("no block")
}

// TestBlocksBesideEachOther reads matrices in blocks, as they are and transposed, in pieces of
// any size and cast: the same as element by element.
func TestBlocksBesideEachOther(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	data := tensor.Weights(tensor.Float32, 1<<18)
	file, files := testFile(t, data)
	for _, c := range []struct{ rows, columns []int64 }{
		{[]int64{5, 5, 2}, []int64{9}},
		{[]int64{12}, []int64{4, 4, 1}},
		{[]int64{300, 1, 99}, []int64{100, 1, 50}},
		{[]int64{3}, []int64{20000, 30000}},
		{[]int64{1}, []int64{1, 1}},
	} {
		shape := []int64{total(c.rows), total(c.columns)}
		for _, dtype := range []tensor.DType{tensor.Float32, tensor.BFloat16} {
			whole := cut(file, shape, dtype, c.rows, c.columns, 64)
			turned := tensor.Transposed(whole)
			var plain, swapped []byte
			for i := range shape[0] {
				for k := range shape[1] {
					at := element(whole, i, k)
					plain = append(plain, data[at:at+dtype.Size()]...)
				}
			}
			for k := range shape[1] {
				for i := range shape[0] {
					at := element(whole, i, k)
					swapped = append(swapped, data[at:at+dtype.Size()]...)
				}
			}
			for _, to := range []tensor.DType{tensor.Float32, tensor.BFloat16} {
				name := fmt.Sprint(c, dtype, to)
				readInPieces(t, name, files, whole, plain, to, random)
				readInPieces(t, name+" transposed", files, turned, swapped, to, random)
			}
		}
	}
}

func total(sizes []int64) (n int64) {
	for _, s := range sizes {
		n += s
	}
	return n
}

func readInPieces(t *testing.T, name string, files *tensor.Files, one *tensor.Tensor, want []byte, to tensor.DType,
	random *rand.Rand) {
	t.Helper()
	if one.DType != to {
		cast := make([]byte, one.Numel()*to.Size())
		tensor.Caster(one.DType, to)(cast, want)
		want = cast
	}
	for _, most := range []int64{one.Numel(), 7, 1 + one.Numel()/3} {
		g, content := tensor.NewGatherer(files), &tensor.Content{DType: to, Parts: []*tensor.Tensor{one}}
		for at := int64(0); at < one.Numel(); {
			n := min(1+random.Int64N(max(1, most)), one.Numel()-at)
			if most == one.Numel() {
				n = most
			}
			got := make([]byte, n*to.Size())
			if err := g.Read(got, content, at*to.Size()); err != nil {
				t.Fatal(err)
			}
			piece := want[at*to.Size() : (at+n)*to.Size()]
			if !bytes.Equal(got, piece) {
				t.Fatalf("%s: elements %d to %d differ", name, at, at+n)
			}
			if sum := g.Sum(got); sum != crc32.ChecksumIEEE(piece) {
				t.Fatalf("%s: another sum of elements %d to %d", name, at, at+n)
			}
			if most == 7 && at > 3000 {
				break
			}
			at += n
		}
	}
	if !slices.Equal(one.Blocks[0].Start, []int64{0, 0}) {
		t.Errorf("%s: the first block is not the first", name)
	}
}

// TestBlocksCompared: two tensors in blocks of one file are the same only if their elements
// are, and it is known where an element is.
func TestBlocksCompared(t *testing.T) {
	data := make([]byte, 200)
	file, files := testFile(t, data)
	second := int64(100) // byte of the second tensor
	data[second+4*13] = 1
	file2, files2 := testFile(t, data)
	for _, c := range []struct {
		file  *tensor.File
		files *tensor.Files
		want  int64
	}{{file, files, -1}, {file2, files2, 13}} {
		one := cut(c.file, []int64{5, 5}, tensor.Float32, []int64{2, 3}, []int64{5}, 0)
		other := cut(c.file, []int64{5, 5}, tensor.Float32, []int64{2, 3}, []int64{5}, second)
		at, err := tensor.FirstDifference(t.Context(), c.files, one, other)
		if err != nil || at != c.want {
			t.Errorf("the first difference is at %d, %v: want %d", at, err, c.want)
		}
		if at, err = tensor.FirstDifference(t.Context(), c.files, one, one); err != nil || at != -1 {
			t.Errorf("a tensor differs from itself at %d, %v", at, err)
		}
		if in, at := other.ByteOf(13); in != c.file || at != second+4*13 {
			t.Errorf("element 13 is at byte %d", at)
		}
	}
	turned := tensor.Transposed(cut(file, []int64{5, 5}, tensor.Float32, []int64{2, 3}, []int64{5}, 0))
	if in, at := turned.ByteOf(2*5 + 4); in != file || at != 4*(4*5+2) {
		t.Errorf("row 2, column 4 of the transposed matrix is at byte %d", at)
	}
	if where := turned.Where(); where != "weights" {
		t.Errorf("where: %s", where)
	}
	turned.Blocks[1].Data.File = &tensor.File{Name: "other"}
	if where := turned.Where(); where != "weights and 1 more" {
		t.Errorf("where: %s", where)
	}
}
