package converttest

import (
	"bytes"
	"context"
	"os"
	"testing"

	"hf2olmo/convert"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/match"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/targets"
	"hf2olmo/convert/trainer"
)

// Checkpoint converts a model for a target into a temporary folder of the test, and returns
// what its checkpoint is made of.
func Checkpoint(t *testing.T, source, target string) (*trainer.Inputs, *trainer.Files) {
	t.Helper()
	result, err := Convert(context.Background(), source, convert.Options{Target: target, Into: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	side, err := targets.Named(target)
	if err != nil {
		t.Fatal(err)
	}
	model, err := hf.Open(source)
	if err != nil {
		t.Fatal(err)
	}
	m, err := match.Of(model, match.Options{Target: target, Trainer: side, Folder: result.Output})
	if err != nil {
		t.Fatal(err)
	}
	in := m.Inputs(result.Output)
	files, err := side.Files(in)
	if err != nil {
		t.Fatal(err)
	}
	return in, files
}

// Edit replaces the first occurrence of a text in a file, which must have it.
func Edit(t *testing.T, path, old, with string) {
	t.Helper()
	data, err := regular.Read(path, 1<<20)
	if err == nil && !bytes.Contains(data, []byte(old)) {
		t.Fatalf("%s: no %q", path, old)
	}
	if err == nil {
		err = os.WriteFile(path, bytes.Replace(data, []byte(old), []byte(with), 1), 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
}
