package unshard_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"hf2olmo/convert/unshard"
)

// A run of two ranks becomes a checkpoint that any number of ranks continue from.
func ExamplePrepare() {
	into, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(into)
	ctx := context.Background()
	u, err := unshard.Prepare(ctx, "../../testdata/checkpoints/legacy", unshard.Options{Into: into})
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := u.Write(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(filepath.Base(result.Output), result.Kind, result.Parameters, result.Tensors)
	// Output: step3-unsharded torch_legacy 1176 16
}
