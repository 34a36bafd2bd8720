package between_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"hf2olmo/convert"
	"hf2olmo/convert/between"
	"hf2olmo/convert/converttest"
)

// A checkpoint of allenai/OLMo becomes one of OLMo-core.
func ExamplePrepare() {
	into, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(into)
	ctx := context.Background()
	olmo, err := converttest.Convert(ctx, "../../testdata/models/olmo2", convert.Options{Into: into})
	if err != nil {
		log.Fatal(err)
	}
	crossing, err := between.Prepare(ctx, olmo.Output, between.Options{Target: "olmo-core", Into: into})
	if err != nil {
		log.Fatal(err)
	}
	result, err := crossing.Write(ctx)
	if err != nil {
		log.Fatal(err)
	}
	name, err := filepath.Rel(into, result.Output)
	fmt.Println(filepath.ToSlash(name), result.Family, result.Parameters, err)
	// Output: olmo2-olmo-core/step0 olmo2 9600 <nil>
}
