package tensor_test

import (
	"bytes"
	"hash/crc32"
	"os"
	"testing"

	"hf2olmo/convert/tensor"
)

// TestTranspose turns columns of any number and length, of elements of every size.
func TestTranspose(t *testing.T) {
	for _, size := range []int64{1, 2, 4, 8} {
		for _, band := range []int64{1, 3, 7, 8, 9, 64} {
			for _, n := range []int64{1, 15, 16, 17, 33, 600} {
				pitch, width := band*size+16, n+3
				columns := tensor.Weights(tensor.Float32, int(n*pitch/4+4))[:(n-1)*pitch+band*size]
				rows := make([]byte, width*size*band)
				tensor.Transpose(rows, columns, size, width, band, pitch, n)
				for r := range band {
					for c := range n {
						if !bytes.Equal(rows[(r*width+c)*size:][:size], columns[c*pitch+r*size:][:size]) {
							t.Fatalf("%d columns of %d elements of %d bytes: row %d column %d", n, band, size, r, c)
						}
					}
				}
			}
		}
	}
}

// TestPieces: they are whole parts where parts are turned, and whole rows of those that are too large.
func TestPieces(t *testing.T) {
	straight := func(rows, width int64) *tensor.Tensor {
		return &tensor.Tensor{DType: tensor.BFloat16, Shape: []int64{rows, width}}
	}
	turned := func(rows, width int64) *tensor.Tensor { return tensor.Transposed(straight(width, rows)) }
	for _, c := range []struct {
		what  string
		parts []*tensor.Tensor
		want  []int64 // KiB
	}{
		{"in order", []*tensor.Tensor{straight(1024, 1024), straight(100, 512)}, []int64{1024, 1024, 100}},
		{"experts", []*tensor.Tensor{turned(1024, 2048), turned(1024, 2048)}, []int64{4096, 4096}},
		{"small ones", []*tensor.Tensor{turned(512, 512), turned(512, 512), turned(512, 512)}, []int64{1024, 512}},
		{"a large one", []*tensor.Tensor{turned(5000, 2048)}, []int64{6912, 6656, 6432}},
		{"both", []*tensor.Tensor{straight(128, 512), turned(4096, 1024), straight(512, 1024)}, []int64{128, 8192, 1024}},
		{"rows that are too long", []*tensor.Tensor{turned(2, 8<<20)}, []int64{8192, 8192, 8192, 8192}},
	} {
		content := &tensor.Content{DType: tensor.BFloat16, Parts: c.parts}
		cutter, workers := tensor.NewCutter([]*tensor.Content{content}, 1)
		if workers != 1 {
			t.Errorf("%s: %d workers", c.what, workers)
		}
		off := int64(0)
		for i := 0; off < content.Bytes(); i++ {
			n := cutter.Length(content, off)
			if i >= len(c.want) || n != c.want[i]<<10 || n > cutter.Most(content) {
				t.Errorf("%s: piece %d at %d KiB has %d KiB, want %v", c.what, i, off>>10, n>>10, c.want)
				break
			}
			off += n
		}
	}
	large := []*tensor.Content{{DType: tensor.BFloat16, Parts: []*tensor.Tensor{turned(4096, 1024)}}}
	cutter, workers := tensor.NewCutter(large, 64)
	if most := cutter.Most(large[0]); int64(workers)*most > 28<<20 || most < 6<<20 {
		t.Errorf("%d workers with %d bytes each", workers, most)
	}
}

// TestTurnedRecords: a turned matrix is read once, also for the checksum of its record, whether in bands or whole.
func TestTurnedRecords(t *testing.T) {
	data := tensor.Weights(tensor.Float32, 300*500+20)
	for _, c := range []struct {
		what  string
		rows  int64 // of a band
		wrong bool
	}{{"bands", 100, false}, {"whole", 300, false}, {"bands, damaged", 100, true}, {"whole, damaged", 300, true}} {
		for _, to := range []tensor.DType{tensor.Float32, tensor.BFloat16} {
			file, _ := testFile(t, data)
			sum := crc32.ChecksumIEEE(data[40 : 40+4*300*500])
			if c.wrong {
				sum++
			}
			file.Records = []tensor.Record{{"data/0", "t", 40, 4 * 300 * 500, sum}}
			one := &tensor.Tensor{Name: "t", DType: tensor.Float32, Shape: []int64{300, 500}, Stride: []int64{1, 300},
				File: file, Offset: 40}
			files, err := tensor.OpenFiles([]tensor.Tensor{*one})
			if err != nil {
				t.Fatal(err)
			}
			defer files.Close()
			g, content := tensor.NewGatherer(files), &tensor.Content{DType: to, Parts: []*tensor.Tensor{one}}
			piece := make([]byte, c.rows*500*to.Size())
			for off := int64(0); off < content.Bytes(); off += int64(len(piece)) {
				if err := g.Read(piece, content, off); err != nil {
					t.Fatal(err)
				}
			}
			if !c.wrong { // what is read again is found to be wrong
				if err := os.WriteFile(file.Path, make([]byte, len(data)), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			if err := files.CheckRecords(t.Context()); (err != nil) != c.wrong {
				t.Errorf("%s as %s: %v", c.what, to, err)
			}
		}
	}
}
