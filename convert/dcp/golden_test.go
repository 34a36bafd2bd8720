package dcp

import (
	"bytes"
	"hash/crc32"
	"os"
	"reflect"
	"slices"
	"testing"

	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

// The golden pair is a checkpoint of one tensor, float32 [1.0, 2.0], that torch and
// OLMo-core were seen to load.
var golden = Metadata{Tensors: []Tensor{{
	Name: "model.w", Path: []string{"model", "w"}, DType: tensor.Float32, Shape: []int64{2},
	Chunks: []Chunk{{Start: []int64{0}, Shape: []int64{2}, File: "__0_0.distcp", Bytes: 654}},
}}}

// written returns the bytes of an index.
func written(m *Metadata, id string) ([]byte, error) {
	var b bytes.Buffer
	err := m.Write(&b, id, "")
	return b.Bytes(), err
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestGoldenMetadata(t *testing.T) {
	want := read(t, "testdata/golden_metadata.bin")
	m, err := ReadMetadata(bytes.NewReader(want), int64(len(want)))
	if err != nil {
		t.Fatal(err)
	}
	named := golden
	named.ID = "/x"
	if m.ID == "" || !reflect.DeepEqual(m.Tensors, golden.Tensors) || m.Blobs != nil {
		t.Errorf("read %+v", *m)
	}
	ours, err := written(&golden, "/x")
	if err != nil {
		t.Fatal(err)
	}
	again, err := ReadMetadata(bytes.NewReader(ours), int64(len(ours)))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(*again, named) {
		t.Errorf("read back %+v", *again)
	}
}

// TestGoldenItem compares what our plan writes for the golden tensor with the golden item.
func TestGoldenItem(t *testing.T) {
	plan, err := NewPlan([]Entry{{Path: []string{"model", "w"}, DType: tensor.Float32, Shape: []int64{2}, Same: -1}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := read(t, "testdata/golden_item.bin")
	data := []byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0x40} // 1.0, 2.0
	ours := make([]byte, plan.Files[0].Size)
	item := plan.Files[0].Items[0]
	copy(ours[item.Data.Offset:], data)
	for _, piece := range plan.Files[0].Frame([]uint32{crc32.ChecksumIEEE(data)}) {
		copy(ours[piece.Offset:], piece.Data)
	}
	for name, file := range map[string][]byte{"golden": want, "ours": ours} {
		if !bytes.HasPrefix(file, []byte("PK\x03\x04")) {
			t.Errorf("%s: begins with %x", name, file[:4])
		}
		padded := append([]byte("somewhere else"), file...)
		got, err := torchfile.OpenItem(bytes.NewReader(padded), &tensor.File{Name: name, Size: int64(len(padded))}, name,
			14, int64(len(file)))
		if err != nil {
			t.Fatal(err)
		}
		if got.DType != tensor.Float32 || !slices.Equal(got.Shape, []int64{2}) ||
			!bytes.Equal(padded[got.Offset:got.Offset+8], data) || (got.Offset-14)%64 != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestValues reads back an index with a number and with entries that are not tensors.
func TestValues(t *testing.T) {
	item, err := torchfile.Bytes("archive", 0.5)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := NewPlan([]Entry{
		{Path: []string{"model", "w"}, DType: tensor.Float32, Shape: []int64{2}, Same: -1},
		{Path: []string{"optim", "state.w.step"}, DType: tensor.Float32, Shape: []int64{}, Same: -1},
	}, []Value{{[]string{"optim", "param_groups.w.lr"}, item}, {[]string{"optim", "param_groups.w.eps"}, item}})
	if err != nil {
		t.Fatal(err)
	}
	index, err := written(&plan.Metadata, "/x")
	if err != nil {
		t.Fatal(err)
	}
	plan.Metadata.ID = "/x"
	again, err := ReadMetadata(bytes.NewReader(index), int64(len(index)))
	if err != nil || !reflect.DeepEqual(*again, plan.Metadata) {
		t.Errorf("read back %#v, want %#v: %v", again, plan.Metadata, err)
	}
	f := plan.Files[0]
	pieces := f.Frame(make([]uint32, len(f.Items)))
	last := pieces[len(pieces)-1]
	if !slices.Equal(last.Data, item) || last.Offset+int64(len(item)) != f.Size || len(again.Blobs) != 2 {
		t.Errorf("%d bytes at %d of %d, %v", len(last.Data), last.Offset, f.Size, again.Blobs)
	}
}
