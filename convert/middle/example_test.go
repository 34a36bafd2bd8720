package middle_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"hf2olmo/convert"
	"hf2olmo/convert/converttest"
	"hf2olmo/convert/middle"
)

// A model is converted, and what would be trained is seen as a model of Hugging Face again.
func ExampleOpen() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	trained, err := converttest.Convert(ctx, "../../testdata/models/olmo2", convert.Options{Into: dir})
	if err != nil {
		log.Fatal(err)
	}
	model, err := middle.Open(ctx, trained.Output, middle.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(model.Family, "with", model.Setting("num_hidden_layers"), "layers")
	fmt.Println(model.Tensors[4].Name, "is", model.Rows(4))
	// Output:
	// olmo2 with 2 layers
	// model.layers.0.self_attn.q_proj.weight is transformer.blocks.0.att_proj.weight, rows 0 to 15
}
