package export_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"hf2olmo/convert"
	"hf2olmo/convert/converttest"
	"hf2olmo/convert/export"
)

// A model is converted, and what would be trained goes back to where it came from.
func ExamplePrepare() {
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
	e, err := export.Prepare(ctx, trained.Output, export.Options{Into: dir})
	if err != nil {
		log.Fatal(err)
	}
	result, err := e.Write(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Family, result.DType, "in", result.Tensors, "tensors")
	// Output: olmo2 float32 in 25 tensors
}
