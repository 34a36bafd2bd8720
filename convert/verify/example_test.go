package verify_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"hf2olmo/convert"
	"hf2olmo/convert/converttest"
	"hf2olmo/convert/verify"
)

// A converted model is compared with the model that it was made from, and with another.
func ExampleFolder() {
	dir, err := os.MkdirTemp("", "verify")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	made, err := converttest.Convert(ctx, "../../testdata/models/llama", convert.Options{Into: dir})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(filepath.Base(made.Output))
	for _, model := range []string{"llama", "mistral"} {
		v, err := verify.Folder(ctx, "../../testdata/models/"+model, made.Output, verify.Options{})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s: same %v, %d of %d tensors differ\n", model, v.Same(), v.Differing, v.Tensors)
	}
	// Output:
	// llama-unsharded
	// llama: same true, 0 of 14 tensors differ
	// mistral: same false, 15 of 15 tensors differ
}
