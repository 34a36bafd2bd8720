package sharded_test

import (
	"context"
	"fmt"

	"hf2olmo/convert/pickle"
	"hf2olmo/convert/sharded"
)

// A parameter that two ranks saved, each its rows, as one tensor.
func ExampleSet() {
	const dir = "../../testdata/checkpoints/legacy/step3"
	o := sharded.Opener{Context: context.Background(), Dir: dir}
	defer o.Close()
	set := sharded.NewSet()
	for n, name := range []string{"rank0.pt", "rank1.pt"} {
		rank, err := o.Rank(dir+"/"+name, n, 2)
		if err != nil {
			fmt.Println(err)
			return
		}
		model := pickle.AsMap(pickle.AsMap(rank.Value).Get("model"))
		if err := set.Add(rank, "wte", model.Get("transformer.wte.weight")); err != nil {
			fmt.Println(err)
			return
		}
	}
	set.Settle(func(err error) {
		if err != nil {
			fmt.Println(err)
		}
	})
	for _, t := range set.Sorted() {
		fmt.Println(t.Name, t.DType, t.Shape, "in", len(t.Blocks), "blocks")
	}
	// Output: wte float32 [96 8] in 2 blocks
}
