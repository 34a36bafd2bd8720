package tensor_test

import (
	"context"
	"hash/crc32"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"hf2olmo/convert/tensor"
)

// recordsFile is a file of three records with bytes between them.
func recordsFile(t *testing.T, damage ...int) (*tensor.File, *tensor.Files, []byte) {
	data := make([]byte, 3<<20+500)
	random := rand.New(rand.NewPCG(5, 6))
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	records := []tensor.Record{{"data/2", "c", 2<<20 + 200, 1 << 20, 0}, {"data/0", "a", 100, 1<<20 + 40, 0},
		{"data/1", "b", 1<<20 + 140, 0, 0}, {"data/3", "", 1<<20 + 150, 50, 0}}
	for i := range records {
		r := &records[i]
		r.CRC = crc32.ChecksumIEEE(data[r.Offset : r.Offset+r.Bytes])
	}
	for _, at := range damage {
		data[at] ^= 1
	}
	file, _ := testFile(t, data)
	file.Records = records
	files, err := tensor.OpenFiles([]tensor.Tensor{{File: file}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(files.Close)
	return file, files, data
}

// TestCheckRecords reads parts of records in any order, more than once and not at all,
// and sees damage wherever it is, also where nothing was read.
func TestCheckRecords(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for range 30 {
		var damage []int
		wrong := ""
		switch random.IntN(4) {
		case 0:
			damage, wrong = []int{100 + random.IntN(1<<20+40)}, "weights: a: the checksum of its record data/0 is wrong"
		case 1:
			damage, wrong = []int{2<<20 + 200 + random.IntN(1<<20)}, "weights: c: the checksum of its record data/2 is wrong"
		case 2:
			damage, wrong = []int{1<<20 + 150 + random.IntN(50)}, "weights: the checksum of its record data/3 is wrong"
		}
		file, files, data := recordsFile(t, damage...)
		g := tensor.NewGatherer(files)
		for range random.IntN(20) {
			at, n := random.Int64N(3<<20), 1+random.Int64N(300_000)
			if random.IntN(3) == 0 {
				at = []int64{100, 2<<20 + 200, 1<<20 + 150}[random.IntN(3)]
			}
			n = min(n, int64(len(data))-at) &^ 3
			content := tensor.Content{DType: tensor.Float32,
				Parts: []*tensor.Tensor{{DType: tensor.Float32, Shape: []int64{n / 4}, File: file, Offset: at}}}
			if random.IntN(3) == 0 {
				content.DType = tensor.BFloat16
			}
			p := make([]byte, content.Bytes())
			if err := g.Read(p, &content, 0); err != nil {
				t.Fatal(err)
			}
			if g.Sum(p) != crc32.ChecksumIEEE(p) {
				t.Errorf("the sum of %d bytes at %d is wrong", n, at)
			}
		}
		err := files.CheckRecords(context.Background())
		if (wrong == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), wrong) {
			t.Errorf("%v, want %q", err, wrong)
		}
	}
}

// TestSumOfParts: the sum of a content made of several parts, one of them changed on the way.
func TestSumOfParts(t *testing.T) {
	file, files, _ := recordsFile(t)
	part := func(at, n int64, stride ...int64) *tensor.Tensor {
		if len(stride) > 0 {
			return &tensor.Tensor{DType: tensor.Float32, Shape: []int64{n / 8, 2}, Stride: stride, File: file, Offset: at}
		}
		return &tensor.Tensor{DType: tensor.Float32, Shape: []int64{n / 4}, File: file, Offset: at}
	}
	for _, c := range []tensor.Content{
		{DType: tensor.Float32, Parts: []*tensor.Tensor{part(100, 4000), part(2<<20+200, 8000)}},
		{DType: tensor.Float32, Parts: []*tensor.Tensor{part(0, 4000), part(2<<20+200, 8000)}},
		{DType: tensor.Float32, Parts: []*tensor.Tensor{part(100, 4000), part(5000, 800, 1, 100)}},
		{DType: tensor.Float32, Parts: []*tensor.Tensor{part(5000, 800, 1, 100), part(100, 4000)}},
		{DType: tensor.Float32, Parts: []*tensor.Tensor{part(100, 4000), part(2<<20+200, 8000)}, Add: 1},
	} {
		g := tensor.NewGatherer(files)
		whole := make([]byte, c.Bytes())
		for _, p := range [][]byte{whole, whole[:2000], whole[:400]} {
			off := c.Bytes() - int64(len(p))
			if err := g.Read(p, &c, off); err != nil {
				t.Fatal(err)
			}
			if g.Sum(p) != crc32.ChecksumIEEE(p) {
				t.Errorf("%d parts from %d: wrong sum", len(c.Parts), off)
			}
		}
	}
	if err := files.CheckRecords(context.Background()); err != nil {
		t.Error(err)
	}
}

// TestRecordsOfAFileOnly: other files than those that are asked for are not judged.
func TestRecordsOfAFileOnly(t *testing.T) {
	file, files, _ := recordsFile(t, 200)
	other := &tensor.File{Name: "other"}
	if err := files.CheckRecords(context.Background(), other); err != nil {
		t.Error(err)
	}
	if err := files.CheckRecords(context.Background(), other, file); err == nil {
		t.Error("damage was not seen")
	}
	stopped, stop := context.WithCancel(context.Background())
	stop()
	if err := files.CheckRecords(stopped); err != context.Canceled {
		t.Error(err)
	}
	if slices.ContainsFunc(file.Records, func(r tensor.Record) bool { return r.Name == "" }) {
		t.Error("the file's records were changed")
	}
}
