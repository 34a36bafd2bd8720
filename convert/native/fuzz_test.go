package native_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"hf2olmo/convert/native"
	"hf2olmo/convert/tensor"
	fixtures "hf2olmo/testdata/sharded"
)

// FuzzLegacy opens a checkpoint of one rank: what opens has tensors whose elements lie
// in the file.
func FuzzLegacy(f *testing.F) {
	root := fixtures.Extract(f)
	for _, name := range []string{"t215-torch_legacy", "t215-hsdp_legacy", "t22-hsdp_legacy", "t22-noshard_legacy"} {
		seed(f, filepath.Join(root, "olmo", name, "step3", "rank0.pt"))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte) {
		must(t, os.WriteFile(filepath.Join(dir, "rank0.pt"), text, 0o666))
		readAll(t, dir)
	})
}

// FuzzLocal opens the flat parameters of one rank.
func FuzzLocal(f *testing.F) {
	root := fixtures.Extract(f)
	step := filepath.Join(root, "olmo", "t22-local", "step3")
	seed(f, filepath.Join(step, "model", "rank0.pt"))
	seed(f, filepath.Join(root, "olmo", "t22-noshard_local", "step3", "model", "rank0.pt"))
	dir := f.TempDir()
	for _, part := range []string{"model", "optim", "train"} {
		if err := os.CopyFS(filepath.Join(dir, part), os.DirFS(filepath.Join(step, part))); err != nil {
			f.Fatal(err)
		}
		for _, other := range []string{"rank1.pt", "rank2.pt"} {
			os.Remove(filepath.Join(dir, part, other))
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "metadata.yaml"), []byte("world_size: 1\n"), 0o666); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		must(t, os.WriteFile(filepath.Join(dir, "model", "rank0.pt"), text, 0o666))
		readAll(t, dir)
	})
}

func seed(f *testing.F, path string) {
	text, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
}

// readAll opens a checkpoint and reads all its tensors, if they are small.
func readAll(t *testing.T, dir string) {
	c, err := native.Open(context.Background(), dir)
	if err != nil {
		return
	}
	var tensors []tensor.Tensor
	for _, full := range c.Model {
		tensors = append(tensors, full.Tensor)
	}
	for _, moments := range c.Optim {
		for _, full := range moments {
			if full.Value == nil {
				tensors = append(tensors, full.Tensor)
			}
		}
	}
	files, err := tensor.OpenFiles(tensors)
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	for i := range tensors {
		one := &tensors[i]
		if n, ok := tensor.Product(append([]int64{one.DType.Size()}, one.Shape...)); !ok || n > 1<<20 {
			continue
		}
		b := make([]byte, one.Bytes())
		if err := tensor.NewGatherer(files).Read(b, &tensor.Content{DType: one.DType, Parts: []*tensor.Tensor{one}},
			0); err != nil {
			t.Errorf("%s opened, but cannot be read: %v", one.Name, err)
		}
	}
}
