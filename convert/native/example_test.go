package native_test

import (
	"context"
	"fmt"

	"hf2olmo/convert/native"
)

// What two ranks of allenai/OLMo's trainer saved, as full tensors whose bytes are in both files.
func ExampleOpen() {
	c, err := native.Open(context.Background(), "../../testdata/checkpoints/legacy/step3")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.Kind, "of", c.World, "ranks, step", c.Step)
	first := c.Model[0]
	fmt.Println(first.Name, first.DType, first.Shape)
	for _, block := range first.Blocks {
		fmt.Println("from", block.Start, block.Data.Shape, "in", block.Data.File.Name)
	}
	fmt.Println(c.Optim[first.Name]["exp_avg"].Shape)
	// Output:
	// torch_legacy of 2 ranks, step 3
	// transformer.blocks.0.att_proj.weight float32 [16 8]
	// from [0 0] [8 8] in rank0.pt
	// from [8 0] [8 8] in rank1.pt
	// [16 8]
}
