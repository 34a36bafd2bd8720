package tensor_test

import (
	"bytes"
	"context"
	"hash/crc32"
	"os"
	"sync"
	"testing"

	"hf2olmo/convert/tensor"
)

// TestBands: matrices that are too large for pieces come out as they would be read at once, each byte shown once,
// whatever is beside them in a content, is cast, or is left out of a range.
func TestBands(t *testing.T) {
	const rows, width = 3001, 1501 // 18 MB
	data := tensor.Weights(tensor.Float32, rows*width+3000)
	copy(data[400:], []byte{0xff, 0xff, 0x7f, 0x7f}) // the greatest float32, which is infinite as others
	file, files := testFile(t, data)
	large := &tensor.Tensor{Name: "large", DType: tensor.Float32, Shape: []int64{rows, width}, Stride: []int64{1, rows},
		File: file, Offset: 40}
	apart := &tensor.Tensor{Name: "apart", DType: tensor.Float32, Shape: []int64{rows - 100, width},
		Stride: []int64{1, rows}, File: file, Offset: 80} // its columns do not follow on one another
	small := &tensor.Tensor{Name: "small", DType: tensor.Float32, Shape: []int64{30, 20}, Stride: []int64{1, 30},
		File: file, Offset: 120}
	straight := &tensor.Tensor{Name: "straight", DType: tensor.Float32, Shape: []int64{7, 9}, File: file, Offset: 44}
	for _, to := range []tensor.DType{tensor.Float32, tensor.BFloat16} {
		c := &tensor.Content{DType: to, Parts: []*tensor.Tensor{straight, large, small, apart, straight}}
		want, g := make([]byte, c.Bytes()), tensor.NewGatherer(files)
		if err := g.Read(want, c, 0); err != nil || (g.Overflows > 0) == (to == tensor.Float32) {
			t.Fatal(to, g.Overflows, err)
		}
		row, before := width*to.Size(), straight.Numel()*to.Size()
		for _, r := range []tensor.Range{
			{Of: c, Bytes: c.Bytes()},
			{Of: c, From: before + 64*row, Bytes: 2800 * row},      // whole rows
			{Of: c, From: before + row/3&^3, Bytes: 2900*row + 12}, // no whole rows
		} {
			got, overflows := sweep(t, files, r)
			if !bytes.Equal(got, want[r.From:r.From+r.Bytes]) {
				t.Errorf("%s from %d: other bytes", to, r.From)
			}
			if r.Bytes == c.Bytes() && overflows != g.Overflows {
				t.Errorf("%s: %d became infinite, want %d", to, overflows, g.Overflows)
			}
		}
	}
}

// sweep returns the bytes of a range, which are all shown once, and how many became infinite.
func sweep(t *testing.T, files *tensor.Files, r tensor.Range) (got []byte, overflows int64) {
	t.Helper()
	got = make([]byte, r.Bytes)
	var mu sync.Mutex
	shown := int64(0)
	err := tensor.SweepRanges(context.Background(), files, []tensor.Range{r}, 3, func() tensor.Visitor {
		return func(g *tensor.Gatherer, p tensor.Piece, data []byte) error {
			mu.Lock()
			defer mu.Unlock()
			copy(got[p.Offset-r.From:], data)
			shown, overflows = shown+p.Length, overflows+g.Overflows
			if p.Content != 0 || p.Length != int64(len(data)) || g.Sum(data) != crc32.ChecksumIEEE(data) {
				t.Errorf("piece %+v of %d bytes with the sum %08x", p, len(data), g.Sum(data))
			}
			return nil
		}
	})
	if err != nil || shown != r.Bytes {
		t.Fatalf("%d of %d bytes shown: %v", shown, r.Bytes, err)
	}
	return got, overflows
}

// TestBandsSum: what was read in bands is not read again for the checksum of its record.
func TestBandsSum(t *testing.T) {
	const rows, width = 3001, 1501
	data := tensor.Weights(tensor.Float32, rows*width+10)
	file, _ := testFile(t, data)
	file.Records = []tensor.Record{{"data/0", "t", 40, 4 * rows * width, crc32.ChecksumIEEE(data[40:][:4*rows*width])}}
	one := tensor.Tensor{Name: "t", DType: tensor.Float32, Shape: []int64{rows, width}, Stride: []int64{1, rows},
		File: file, Offset: 40}
	files, err := tensor.OpenFiles([]tensor.Tensor{one})
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	sweep(t, files, tensor.Range{Of: &tensor.Content{DType: tensor.Float32, Parts: []*tensor.Tensor{&one}},
		Bytes: one.Bytes()})
	if err := os.WriteFile(file.Path, make([]byte, len(data)), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := files.CheckRecords(t.Context()); err != nil {
		t.Error(err)
	}
}
