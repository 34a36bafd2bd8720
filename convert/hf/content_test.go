package hf_test

import (
	"encoding/binary"
	"os"
	"strings"
	"testing"

	"hf2olmo/convert/hf"
)

// container is a safetensors file with this header and so many bytes of data.
func container(header string, data int) string {
	n := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return string(n) + header + strings.Repeat("\x00", data)
}

const a4 = `"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}`

// A file is recognized by its content: its name may say otherwise.
func TestContentNotName(t *testing.T) {
	dir := copyModel(t, "bin")
	must(t, os.Rename(dir+"/pytorch_model.bin", dir+"/model.safetensors"))
	m, err := hf.Open(dir)
	must(t, err)
	for i := range m.Tensors {
		compareTensor(t, &m.Tensors[i], expected(t).Tensors["bin"][m.Tensors[i].Name])
	}
	dir = copyModel(t, "single")
	must(t, os.Rename(dir+"/model.safetensors", dir+"/pytorch_model.bin"))
	if m, err = hf.Open(dir); err != nil || len(m.Tensors) != len(expected(t).Tensors["single"]) {
		t.Error(err)
	}
	// A header whose length begins like a pickle.
	header := "{" + a4 + strings.Repeat(" ", 0x280-len(a4)-2) + "}"
	write(t, dir+"/pytorch_model.bin", container(header, 4))
	if m, err = hf.Open(dir); err != nil || len(m.Tensors) != 1 || m.Tensors[0].Offset != 0x288 {
		t.Error(err)
	}
}
