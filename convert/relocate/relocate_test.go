package relocate_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"hf2olmo/convert"
	"hf2olmo/convert/relocate"
)

// A checkpoint was renamed: its config still names the place where it was.
func ExampleFolder() {
	dir, err := os.MkdirTemp("", "relocate")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	c, err := convert.Prepare(context.Background(), "../../testdata/models/olmo2",
		convert.Options{Output: filepath.Join(dir, "a")})
	if err != nil {
		panic(err)
	}
	if _, err := c.Write(context.Background()); err != nil {
		panic(err)
	}
	os.Rename(filepath.Join(dir, "a-unsharded"), filepath.Join(dir, "b-unsharded"))
	r, err := relocate.Folder(context.Background(), filepath.Join(dir, "b-unsharded"))
	if err != nil {
		panic(err)
	}
	fmt.Println(filepath.Base(r.From), "is now", filepath.Base(r.Folder), r.Files)
	r, err = relocate.Folder(context.Background(), filepath.Join(dir, "b-unsharded"))
	fmt.Println(r.Files, err)
	// Output:
	// a-unsharded is now b-unsharded [config.yaml hf2olmo.json]
	// [] <nil>
}
