package output_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"hf2olmo/convert/folder"
	"hf2olmo/convert/output"
)

// A folder with one small file is made, and found to be there when it is asked for again. The
// large files, made of tensors, are those of package assemble.
func Example() {
	dir, err := os.MkdirTemp("", "output")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	content := &output.Content{
		Small:  []output.Small{{Name: "config.yaml", Data: []byte("model: {}\n")}},
		Recipe: output.Recipe{Target: "olmo", Folder: dir, Plan: "a hash of all that is made"},
	}
	options := output.Options{Names: folder.Names{
		Ours:    func(name string) bool { return name == "config.yaml" },
		Configs: []string{"config.yaml"}, // a user may edit it
	}}
	for range 2 {
		path, err := output.Resolve("", dir, "model-unsharded")
		if err != nil {
			fmt.Println(err)
			return
		}
		o, err := output.Open(context.Background(), path, options)
		if err == nil && o.Existing != nil {
			_, err = o.CheckExisting(content)
		}
		if err == nil {
			_, err = o.Write(context.Background(), content)
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("unchanged:", o.Unchanged)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	for _, file := range files {
		fmt.Println(filepath.Rel(dir, file))
	}
	fmt.Println(err)
	// Output:
	// unchanged: false
	// unchanged: true
	// model-unsharded/config.yaml <nil>
	// model-unsharded/hf2olmo.json <nil>
	// <nil>
}
