package check_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"hf2olmo/convert/check"
)

func ExampleFolder() {
	// A checkpoint as the trainer saved it, without its model. The tests run in testdata/models/olmo.
	parent, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(parent)
	dir := filepath.Join(parent, "step3-unsharded")
	from := os.DirFS("../../checkpoints/unsharded/step3-unsharded")
	if err := os.CopyFS(dir, from); err != nil {
		panic(err)
	}
	if err := os.Remove(filepath.Join(dir, "model.pt")); err != nil {
		panic(err)
	}

	report, err := check.Folder(context.Background(), dir, check.Options{Full: true})
	if err != nil {
		panic(err)
	}
	fmt.Println(report.Kind, report.Verdict())
	for _, f := range report.Findings {
		if f.Severity == check.Error {
			fmt.Println(f.Code, f.File, f.Message())
		}
	}
	// Output:
	// unsharded would NOT load: 1 error
	// model-missing model.pt is missing. The trainer stops: FileNotFoundError: model.pt not found.
}
