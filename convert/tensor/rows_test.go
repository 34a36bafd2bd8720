package tensor_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"hf2olmo/convert/tensor"
)

// TestRows reads every range of rows of a matrix that is in one place, transposed, in blocks
// beside each other, and in ranges of elements: the same bytes as those of the whole.
func TestRows(t *testing.T) {
	const rows, columns = 5, 3
	data := make([]byte, rows*columns*2)
	for i := range data {
		data[i] = byte(i)
	}
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	file := tensor.NewFile(path, "file", info)
	whole := tensor.Tensor{DType: tensor.Float16, Shape: []int64{rows, columns}, File: file}
	turned := whole
	turned.Stride = []int64{1, rows}
	flat := whole
	flat.Flat = true
	for _, at := range []int64{0, 4, 11} {
		end := map[int64]int64{0: 4, 4: 11, 11: rows * columns}[at]
		flat.Blocks = append(flat.Blocks, tensor.Block{Start: []int64{at}, Data: &tensor.Tensor{DType: whole.DType,
			Shape: []int64{end - at}, File: file, Offset: 2 * at}})
	}
	for name, one := range map[string]*tensor.Tensor{"whole": &whole, "turned": &turned, "flat": &flat,
		"blocks": cut(file, whole.Shape, whole.DType, []int64{2, 3}, []int64{1, 2}, 0)} {
		all := read(t, one)
		for first := int64(0); first < rows; first++ {
			for n := int64(1); n <= rows-first; n++ {
				got := read(t, tensor.Rows(one, first, n))
				if want := all[first*columns*2 : (first+n)*columns*2]; !bytes.Equal(got, want) {
					t.Errorf("%s: rows %d, %d of them: %v, want %v", name, first, n, got, want)
				}
			}
		}
	}
}

func read(t *testing.T, one *tensor.Tensor) []byte {
	t.Helper()
	files, err := tensor.OpenFiles([]tensor.Tensor{*one})
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	p := make([]byte, one.Bytes())
	content := tensor.Content{DType: one.DType, Parts: []*tensor.Tensor{one}}
	if err := tensor.NewGatherer(files).Read(p, &content, 0); err != nil {
		t.Fatal(err)
	}
	return p
}
