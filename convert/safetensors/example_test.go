package safetensors_test

import (
	"encoding/binary"
	"fmt"
	"strings"

	"hf2olmo/convert/safetensors"
	"hf2olmo/convert/tensor"
)

// The header is read, and nothing else: a tensor knows where its bytes are.
func ExampleOpen() {
	header := `{"norm.weight":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]},` +
		`"embed.weight":{"dtype":"BF16","shape":[3,2],"data_offsets":[4,16]}}`
	data := string(binary.LittleEndian.AppendUint64(nil, uint64(len(header)))) + header + strings.Repeat("\x00", 16)

	tensors, err := safetensors.Open(strings.NewReader(data),
		&tensor.File{Name: "model.safetensors", Size: int64(len(data))})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, t := range tensors {
		fmt.Println(t.Name, t.DType, t.Shape, t.Offset-safetensors.LengthSize-int64(len(header)))
	}
	// Output:
	// embed.weight bfloat16 [3 2] 4
	// norm.weight bfloat16 [2] 0
}
