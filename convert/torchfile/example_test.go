package torchfile_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"

	"hf2olmo/convert/pickle"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

// A state dict is written as torch.save would write it, and read back.
func Example() {
	plan, err := torchfile.Plan("model", pickle.Dict{
		{Key: "norm.weight", Value: torchfile.Tensor{DType: tensor.Float32, Shape: []int64{2}}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	// The caller writes the bytes of the storages, and around them the frame with their checksums.
	file := make([]byte, plan.Size)
	weights := file[plan.Storages[0].Offset:][:plan.Storages[0].Bytes]
	for i, x := range []float32{0.5, 2} {
		binary.LittleEndian.PutUint32(weights[4*i:], math.Float32bits(x))
	}
	for _, piece := range plan.Frame([]uint32{crc32.ChecksumIEEE(weights)}) {
		copy(file[piece.Offset:], piece.Data)
	}

	tensors, err := torchfile.Open(bytes.NewReader(file), &tensor.File{Name: "model.pt", Size: plan.Size})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, t := range tensors {
		fmt.Println(t.Name, t.DType, t.Shape, file[t.Offset:][:t.Bytes()])
	}
	// Output: norm.weight float32 [2] [0 0 0 63 0 0 0 64]
}
