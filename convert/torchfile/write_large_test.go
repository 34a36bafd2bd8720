package torchfile_test

import (
	"fmt"
	"io"
	"slices"
	"testing"

	"hf2olmo/convert/pickle"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

// sparse is a file of which only pieces are there; all else reads as zero.
type sparse struct {
	size   int64
	pieces []torchfile.Piece
}

func (s sparse) ReadAt(b []byte, at int64) (int, error) {
	n := int(min(int64(len(b)), max(s.size-at, 0)))
	clear(b[:n])
	first, _ := slices.BinarySearchFunc(s.pieces, at, func(p torchfile.Piece, at int64) int {
		if p.Offset+int64(len(p.Data)) <= at {
			return -1
		}
		return 1
	})
	for _, p := range s.pieces[first:] {
		if p.Offset >= at+int64(n) {
			break
		}
		if p.Offset >= at {
			copy(b[p.Offset-at:n], p.Data)
		} else {
			copy(b[:n], p.Data[at-p.Offset:])
		}
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// reread plans d, and reads the headers of the file that comes of it.
func reread(t *testing.T, d pickle.Dict) (*torchfile.Layout, []tensor.Tensor, sparse) {
	t.Helper()
	l, err := torchfile.Plan("model", d)
	if err != nil {
		t.Fatal(err)
	}
	file := sparse{l.Size, l.Frame(make([]uint32, len(l.Storages)))}
	tensors, err := torchfile.Open(file, &tensor.File{Name: "x.bin", Size: l.Size})
	if err != nil {
		t.Fatal(err)
	}
	if len(tensors) != len(d) {
		t.Fatalf("%d tensors", len(tensors))
	}
	return l, tensors, file
}

// TestPast4GiB tries sizes and offsets around the end of 32 bits.
func TestPast4GiB(t *testing.T) {
	const limit = full32
	for _, size := range []int64{
		limit - 1000, limit - 800, limit - 2, limit - 1, limit, limit + 1, 3 * limit, 1 << 45,
	} {
		small := torchfile.Tensor{DType: tensor.UInt8, Shape: []int64{3}}
		large := torchfile.Tensor{DType: tensor.UInt8, Shape: []int64{size}}
		d := pickle.Dict{{Key: "a", Value: small}, {Key: "b", Value: large},
			{Key: "c", Value: small}, {Key: "d", Value: torchfile.Tensor{DType: tensor.UInt8, Shape: []int64{0}}}}
		l, tensors, file := reread(t, d)
		for i, x := range tensors {
			if x.Offset != l.Storages[i].Offset || x.Bytes() != l.Storages[i].Bytes || x.Offset%dataAlignment != 0 {
				t.Errorf("%d: %s at %d, planned at %+v", size, x.Name, x.Offset, l.Storages[i])
			}
		}
		last := file.pieces[len(file.pieces)-1]
		if end := last.Offset + int64(len(last.Data)); end != l.Size {
			t.Errorf("%d: the last piece ends at %d of %d", size, end, l.Size)
		}
	}
}

// TestManyEntries tries numbers of entries around the end of 16 bits.
func TestManyEntries(t *testing.T) {
	for _, entries := range []int{full16 - 1, full16, full16 + 1, 70000} {
		d := make(pickle.Dict, entries-3) // beside data.pkl, byteorder and version
		for i := range d {
			d[i] = pickle.Item{Key: fmt.Sprintf("layers.%06d", i),
				Value: torchfile.Tensor{DType: tensor.Float32, Shape: []int64{2}}}
		}
		l, tensors, _ := reread(t, d)
		for i, x := range tensors {
			if x.Offset != l.Storages[i].Offset {
				t.Fatalf("%s at %d, planned at %+v", x.Name, x.Offset, l.Storages[i])
			}
		}
	}
}
