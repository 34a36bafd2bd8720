package native_test

import (
	"os"
	"path/filepath"
	"testing"

	fixtures "hf2olmo/testdata/sharded"
)

// FuzzEncoded opens an optimizer in safetensors, whose names are pickles in base64.
func FuzzEncoded(f *testing.F) {
	const from = "../../testdata/checkpoints/safetensors/step3-unsharded"
	seed(f, filepath.Join(from, "optim.safetensors"))
	seed(f, filepath.Join(from, "optim-ids.safetensors"))
	fuzzFile(f, from, "optim.safetensors")
}

// FuzzShards opens the index of ai2-olmo-core 0.1.0.
func FuzzShards(f *testing.F) {
	from := filepath.Join(fixtures.Extract(f), "olmo", "t215-olmo_core", "step3")
	seed(f, filepath.Join(from, "model", "metadata.json"))
	fuzzFile(f, from, "model/metadata.json")
}

// FuzzIndex opens the index of a distributed checkpoint with its optimizer, and the items that
// it names.
func FuzzIndex(f *testing.F) {
	root := filepath.Join(fixtures.Extract(f), "olmo")
	for _, name := range []string{"t215-torch_new", "t22-tied_new"} {
		seed(f, filepath.Join(root, name, "step3", "model_and_optim", ".metadata"))
	}
	fuzzFile(f, filepath.Join(root, "t22-tied_new", "step3"), "model_and_optim/.metadata")
}

// fuzzFile opens a checkpoint in which one file is another.
func fuzzFile(f *testing.F, from, name string) {
	f.Helper()
	dir := filepath.Join(f.TempDir(), filepath.Base(from))
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		f.Fatal(err)
	}
	path := filepath.Join(dir, filepath.FromSlash(name))
	f.Fuzz(func(t *testing.T, text []byte) {
		must(t, os.WriteFile(path, text, 0o666))
		readAll(t, dir)
	})
}
