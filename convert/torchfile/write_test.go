package torchfile_test

import (
	"archive/zip"
	"bytes"
	"hash/crc32"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hf2olmo/convert/pickle"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

// sample contains one of everything; make.py check has what torch must find in it.
func sample() pickle.Dict {
	tensors := pickle.Dict{}
	for _, dtype := range []tensor.DType{
		tensor.Float32, tensor.BFloat16, tensor.Float16, tensor.Float64, tensor.Int64, tensor.Int32, tensor.Int16,
		tensor.Int8, tensor.UInt8, tensor.Bool, tensor.Complex64, tensor.Complex128,
	} {
		tensors = append(tensors, pickle.Item{Key: dtype.String(),
			Value: torchfile.Tensor{DType: dtype, Shape: []int64{2, 3}}})
	}
	tensors = append(tensors,
		pickle.Item{Key: "scalar", Value: torchfile.Tensor{DType: tensor.Float32, Shape: nil}},
		pickle.Item{Key: "empty", Value: torchfile.Tensor{DType: tensor.Float16, Shape: []int64{0}}},
		pickle.Item{Key: "none", Value: torchfile.Tensor{DType: tensor.BFloat16, Shape: []int64{3, 0, 2}}},
		pickle.Item{Key: "last", Value: torchfile.Tensor{DType: tensor.UInt8, Shape: []int64{1, 1, 5}}},
	)
	numbers := []any{}
	for _, n := range []int64{
		-1, 0, 255, 256, 65535, 65536, math.MaxInt32, math.MaxInt32 + 1, math.MinInt32, math.MinInt32 - 1,
		1 << 40, math.MaxInt64, math.MinInt64,
	} {
		numbers = append(numbers, n)
	}
	return pickle.Dict{
		{Key: "empty", Value: []any{}}, {Key: "epoch", Value: int64(0)}, {Key: "yes", Value: true},
		{Key: "no", Value: false}, {Key: "nothing", Value: nil}, {Key: "text", Value: "grüße"},
		{Key: "tensors", Value: tensors}, {Key: "numbers", Value: numbers}, {Key: "floats", Value: []any{0.1, -2.0}},
		{Key: "dict", Value: pickle.Dict{}}, {Key: "world_size", Value: int64(1)},
	}
}

// assemble returns the whole file, with content(i, j) as byte j of storage i.
func assemble(t *testing.T, l *torchfile.Layout, content func(i, j int64) byte) []byte {
	t.Helper()
	file := make([]byte, l.Size)
	written := int64(0)
	var crcs []uint32
	for i, e := range l.Storages {
		for j := range e.Bytes {
			file[e.Offset+j] = content(int64(i), j)
		}
		crcs = append(crcs, crc32.ChecksumIEEE(file[e.Offset:e.Offset+e.Bytes]))
		written += e.Bytes
	}
	for _, p := range l.Frame(crcs) {
		if p.Offset < 0 || p.Offset+int64(len(p.Data)) > l.Size {
			t.Fatalf("%d bytes at %d lie outside of the file", len(p.Data), p.Offset)
		}
		copy(file[p.Offset:], p.Data)
		written += int64(len(p.Data))
	}
	if written != l.Size {
		t.Fatalf("pieces and storages have %d bytes, the file %d", written, l.Size)
	}
	return file
}

// TestWrittenFile compares what is written with written.pt, which torch loads: run
// `python make.py check` after an update.
func TestWrittenFile(t *testing.T) {
	l, err := torchfile.Plan("model", sample())
	if err != nil {
		t.Fatal(err)
	}
	got := assemble(t, l, func(i, j int64) byte {
		if i == 9 { // bools
			return byte((7*i + j) % 2)
		}
		return byte((7*i + j) % 251)
	})
	path := filepath.Join("testdata", "written.pt")
	if *update {
		if err := os.WriteFile(path, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("the bytes differ from written.pt")
	}
}

// TestReadBack reads with this package, and with archive/zip, what it wrote.
func TestReadBack(t *testing.T) {
	d := sample()[6].Value.(pickle.Dict)
	l, err := torchfile.Plan("a", d)
	if err != nil {
		t.Fatal(err)
	}
	file := assemble(t, l, func(i, j int64) byte { return byte(i + j) })
	tensors, err := openBytes(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(tensors) != len(d) {
		t.Fatalf("%d tensors", len(tensors))
	}
	for _, x := range tensors {
		i := slices.IndexFunc(d, func(item pickle.Item) bool { return item.Key == x.Name })
		want := d[i].Value.(torchfile.Tensor)
		if x.DType != want.DType || !slices.Equal(x.Shape, want.Shape) || !x.Contiguous() {
			t.Errorf("%s: %v %v %v", x.Name, x.DType, x.Shape, x.Stride)
		}
		if x.Offset != l.Storages[i].Offset || x.Bytes() != l.Storages[i].Bytes || x.Offset%dataAlignment != 0 {
			t.Errorf("%s: at %d, planned at %+v", x.Name, x.Offset, l.Storages[i])
		}
	}
	readAll(t, bytes.NewReader(file), l.Size)
}

// readAll reads each entry with archive/zip, which checks the checksums.
func readAll(t *testing.T, r io.ReaderAt, size int64) {
	t.Helper()
	z, err := zip.NewReader(r, size)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		e, err := f.Open()
		if err != nil {
			t.Fatal(f.Name, err)
		}
		if n, err := io.Copy(io.Discard, e); err != nil || uint64(n) != f.UncompressedSize64 {
			t.Errorf("%s: %d bytes, %v", f.Name, n, err)
		}
		if offset, err := f.DataOffset(); err != nil || offset%dataAlignment != 0 || f.Modified.Year() != 1980 {
			t.Errorf("%s: at %d, %v, from %v", f.Name, offset, err, f.Modified)
		}
	}
}

func TestPlanIsDeterministic(t *testing.T) {
	var files [2][]byte
	for i := range files {
		l, err := torchfile.Plan("model", sample())
		if err != nil {
			t.Fatal(err)
		}
		files[i] = assemble(t, l, func(i, j int64) byte { return byte(i ^ j) })
	}
	if !bytes.Equal(files[0], files[1]) {
		t.Error("two plans differ")
	}
}

func TestPlanOfNothing(t *testing.T) {
	l, err := torchfile.Plan("train", pickle.Dict{})
	if err != nil || len(l.Storages) != 0 {
		t.Fatal(l, err)
	}
	file := assemble(t, l, nil)
	readAll(t, bytes.NewReader(file), l.Size)
	if got := mustRefuse(t, file); !strings.Contains(got, "empty dict") {
		t.Error(got)
	}
}

func TestPlanRefuses(t *testing.T) {
	good := pickle.Dict{{Key: "w", Value: torchfile.Tensor{DType: tensor.Float32, Shape: []int64{2}}}}
	of := func(v any) pickle.Dict { return pickle.Dict{{Key: "w", Value: v}} }
	cases := map[string]struct {
		archive string
		dict    pickle.Dict
		want    string
	}{
		"no name":        {"", good, "name of a folder"},
		"slash":          {"a/b", good, "name of a folder"},
		"dots":           {"..", good, "name of a folder"},
		"newline":        {"a\n", good, "name of a folder"},
		"long name":      {strings.Repeat("a", 300), good, "name of a folder"},
		"fp8":            {"a", of(torchfile.Tensor{DType: tensor.Float8E4M3FN, Shape: []int64{2}}), "float8_e4m3fn"},
		"no dtype":       {"a", of(torchfile.Tensor{}), "invalid"},
		"negative shape": {"a", of(torchfile.Tensor{DType: tensor.Float32, Shape: []int64{-1, -1}}), "[-1, -1]"},
		"negative empty": {"a", of(torchfile.Tensor{DType: tensor.Float32, Shape: []int64{0, -1}}), "[0, -1]"},
		"huge shape": {"a", of(torchfile.Tensor{DType: tensor.Float32, Shape: []int64{1 << 40, 1 << 40}}),
			"cannot be written"},
		"two huge": {"a", pickle.Dict{{Key: "v", Value: torchfile.Tensor{DType: tensor.UInt8, Shape: []int64{1 << 61}}},
			{Key: "w", Value: torchfile.Tensor{DType: tensor.UInt8, Shape: []int64{1 << 62}}}}, "2^62"},
		"int":    {"a", of(3), `"w": a int cannot`},
		"nested": {"a", of([]any{pickle.Dict{{Key: "x", Value: uint8(1)}}}), "uint8"},
		"twice":  {"a", append(good, good...), "twice"},
		"text":   {"a", of("\xff"), "UTF-8"},
		"key":    {"a", pickle.Dict{{Key: "\xff", Value: nil}}, "UTF-8"},
	}
	for name, c := range cases {
		if _, err := torchfile.Plan(c.archive, c.dict); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q in it", name, err, c.want)
		}
	}
}
