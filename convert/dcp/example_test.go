package dcp_test

import (
	"fmt"

	"hf2olmo/convert/dcp"
)

// The index of a distributed checkpoint that two ranks saved: which part of a tensor is where.
func ExampleOpen() {
	c, err := dcp.Open("../../testdata/checkpoints/new/step3/model_and_optim")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, t := range c.Tensors {
		if t.Name == "model.transformer.wte.weight" {
			fmt.Println(t.DType, t.Shape)
			for _, chunk := range t.Chunks {
				fmt.Println(chunk.String(), "in", chunk.File)
			}
		}
	}
	// Output:
	// float32 [96 8]
	// [0:48, 0:8] in __0_0.distcp
	// [48:96, 0:8] in __1_0.distcp
}
