package assemble_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"testing"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

// source writes float32 values into a file of their own, which is one tensor.
func source(t *testing.T, name string, values []float32) tensor.Tensor {
	t.Helper()
	var data []byte
	for _, v := range values {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	file := tensor.NewFile(path, name, info)
	return tensor.Tensor{Name: name, DType: tensor.Float32, Shape: []int64{int64(len(values))}, File: file}
}

// jobOf copies each source, cast to dtype, into one file: a byte between every two of them.
func jobOf(t *testing.T, dtype tensor.DType, sources ...tensor.Tensor) *assemble.Job {
	t.Helper()
	j := &assemble.Job{Sources: sources, Dir: t.TempDir(), Final: "/final"}
	file := assemble.File{Name: "in/out"}
	var frame []torchfile.Piece
	for i := range sources {
		c := tensor.Content{DType: dtype, Parts: []*tensor.Tensor{&sources[i]}}
		j.Tensors = append(j.Tensors, assemble.Tensor{Name: "to." + sources[i].Name, Shape: sources[i].Shape, Content: c})
		file.Runs = append(file.Runs, assemble.Run{Tensor: i, Place: torchfile.Extent{Offset: file.Size, Bytes: c.Bytes()}})
		frame = append(frame, torchfile.Piece{Offset: file.Size + c.Bytes(), Data: []byte{'|'}})
		file.Size += c.Bytes() + 1
	}
	file.Frame = func([]uint32) []torchfile.Piece { return frame }
	j.Files = []assemble.File{file}
	return j
}

// many is more than one piece of float32.
func many() []float32 {
	values := make([]float32, 700_000)
	for i := range values {
		values[i] = float32(i)
	}
	return values
}

// TestSums compares the sum of a file, which is put together from those of pieces, with the
// sum of its bytes, and the bytes of any number of workers with those of one, of a source in
// order and of one that is turned.
func TestSums(t *testing.T) {
	for i, dtype := range []tensor.DType{tensor.Float32, tensor.BFloat16, tensor.Float32, tensor.BFloat16} {
		var first []byte
		for _, workers := range []int{1, 3, 16} {
			long := source(t, "a", append(many(), many()...))
			if i >= 2 {
				long.Shape = []int64{2, 700_000}
				long = *tensor.Transposed(&long)
			}
			j := jobOf(t, dtype, long, source(t, "b", []float32{1}), source(t, "c", nil))
			j.Workers = workers
			sums, err := j.Run(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(filepath.Join(j.Dir, "in", "out"))
			if err != nil {
				t.Fatal(err)
			}
			if want := crc32.ChecksumIEEE(data); sums[0].CRC != want {
				t.Errorf("%s, %d workers: CRC is %08x, want %08x", dtype, workers, sums[0].CRC, want)
			}
			if first == nil {
				first = data
			}
			if !bytes.Equal(first, data) {
				t.Errorf("%s: %d workers write different bytes", dtype, workers)
			}
		}
	}
}

// TestSeen shows a check the values that were copied. What it says is the error, and the
// context's cause is that of a copy that was stopped.
func TestSeen(t *testing.T) {
	nan, infinite := float32(math.NaN()), float32(math.Inf(1))
	j := jobOf(t, tensor.Float16, source(t, "nan", []float32{1, nan}), source(t, "infinite", []float32{infinite, 1}),
		source(t, "zero", []float32{0, 0, 0}), source(t, "large", []float32{1e6, 1, -1e6}), source(t, "plain", []float32{1}))
	refused := errors.New("refused")
	j.Check = func(seen *assemble.Seen) error {
		if v := seen.Of("nan"); !v.NaN || v.Infinite {
			t.Errorf("nan: %+v", v)
		}
		if v := seen.Of("infinite"); v.NaN || !v.Infinite {
			t.Errorf("infinite: %+v", v)
		}
		if v := seen.Of("zero"); v.Zeros != 3 {
			t.Errorf("zero: %+v", v)
		}
		if n := seen.Overflows("to.large"); n != 2 || seen.Overflows("to.infinite") != 0 {
			t.Errorf("%d elements overflowed, want 2", n)
		}
		if v := seen.Of("plain"); v != (assemble.Values{}) {
			t.Errorf("plain: %+v", v)
		}
		return refused
	}
	if _, err := j.Run(context.Background()); err == nil || err.Error() != "refused" {
		t.Errorf("%v, want what the check said", err)
	}
	ctx, stop := context.WithCancelCause(context.Background())
	stop(refused)
	if _, err := jobOf(t, tensor.Float32, source(t, "a", many())).Run(ctx); !errors.Is(err, refused) {
		t.Errorf("%v, want the cause of the context", err)
	}
}
