package convert_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"hf2olmo/convert"
)

// A model is checked whole before a byte of it is written.
func Example() {
	dir, err := os.MkdirTemp("", "convert")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	c, err := convert.Prepare(ctx, "../testdata/models/llama", convert.Options{Into: dir})
	if err != nil {
		fmt.Println(err) // all that is wrong, one problem per line
		return
	}
	fmt.Printf("%s: %d tensors, %s\n", c.Family, len(c.Tensors), c.DType())
	result, err := c.Write(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	files, err := filepath.Glob(filepath.Join(result.Output, "*"))
	for _, file := range files {
		fmt.Println(filepath.Rel(dir, file))
	}
	fmt.Println(err)
	// Output:
	// llama: 14 tensors, float32
	// llama-unsharded/config.yaml <nil>
	// llama-unsharded/hf2olmo.json <nil>
	// llama-unsharded/model.pt <nil>
	// llama-unsharded/tokenizer.json <nil>
	// llama-unsharded/train.pt <nil>
	// <nil>
}
