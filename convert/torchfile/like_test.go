package torchfile_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"testing"

	"hf2olmo/convert/pickle"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

// TestLike: a storage begins where its tensor wants it in a block, however it follows the one before, and the file is
// sound.
func TestLike(t *testing.T) {
	var d pickle.Dict
	for i, like := range []int64{0, 1, 8, 64, 4095, tensor.ShareBlock, 4000, 0, 200} {
		d = append(d, pickle.Item{Key: fmt.Sprint(i), Value: torchfile.Tensor{DType: tensor.UInt8,
			Shape: []int64{int64(3 + 700*i)}, Like: like}})
	}
	l, err := torchfile.Plan("a", d)
	if err != nil {
		t.Fatal(err)
	}
	file := assemble(t, l, func(i, j int64) byte { return byte(i + j) })
	for i, place := range l.Storages {
		like, of := d[i].Value.(torchfile.Tensor).Like, int64(tensor.ShareBlock)
		if like == 0 {
			of = dataAlignment
		}
		if place.Offset%of != like%of {
			t.Errorf("storage %d is at %d, want %d of every %d", i, place.Offset, like, of)
		}
	}
	tensors, err := openBytes(file)
	if err != nil || len(tensors) != len(d) {
		t.Fatalf("%d tensors, %v", len(tensors), err)
	}
	if err := torchfile.CheckFrame(bytes.NewReader(file), l.Size); err != nil {
		t.Error(err)
	}
	z, err := zip.NewReader(bytes.NewReader(file), l.Size)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		e, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, e); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
}
