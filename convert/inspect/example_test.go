package inspect_test

import (
	"context"
	"fmt"

	"hf2olmo/convert/inspect"
)

func ExampleOpen() {
	report, err := inspect.Open(context.Background(), "../../testdata/models/olmo2", false)
	if err != nil {
		panic(err)
	}
	first, sum := report.Tensors[0], report.Sum()
	fmt.Println(report.Kind, len(report.Tensors), "tensors,", sum.Parameters, "parameters")
	fmt.Println(first.Name, first.Part, first.DType, first.Shape)
	// Output:
	// model 25 tensors, 9600 parameters
	// lm_head.weight head float32 [104 16]
}

func ExampleReport_Measure() {
	report, err := inspect.Open(context.Background(), "../../testdata/models/olmo2", false)
	if err != nil {
		panic(err)
	}
	if err := report.Measure(context.Background(), 0, nil); err != nil {
		panic(err)
	}
	for _, t := range report.Tensors {
		if t.Name == "model.norm.weight" {
			fmt.Printf("%.3f to %.3f, %d NaN\n", *t.Values.Min, *t.Values.Max, t.Values.NaN)
		}
	}
	// Output:
	// 0.576 to 1.344, 0 NaN
}
