package convert

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"hf2olmo/convert/hf"
	"hf2olmo/convert/tensor"
)

// TestOverflowWarning makes two elements of one tensor too large for float16: the
// warning names the tensor of the target and counts them. An infinity that was there is none.
func TestOverflowWarning(t *testing.T) {
	source := filepath.Join(t.TempDir(), "model")
	if err := os.CopyFS(source, os.DirFS(filepath.Join(testdata, "models", "llama"))); err != nil {
		t.Fatal(err)
	}
	model, err := hf.Open(source)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(model.Tensors, func(t tensor.Tensor) bool { return t.Name == "model.layers.0.self_attn.k_proj.weight" })
	file, err := os.OpenFile(model.Tensors[i].File.Path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for n, v := range []float32{65520, -1e30, float32(math.Inf(1)), 65519} {
		word := binary.LittleEndian.AppendUint32(nil, math.Float32bits(v))
		if _, err := file.WriteAt(word, model.Tensors[i].Offset+4*int64(3*n)); err != nil {
			t.Fatal(err)
		}
	}
	result, err := Convert(context.Background(), source, Options{Output: filepath.Join(t.TempDir(), "out"), DType: tensor.Float16})
	if err != nil {
		t.Fatal(err)
	}
	const want = "transformer.blocks.0.att_proj.weight: 2 elements are too large for float16 and became infinite"
	if !slices.Contains(result.Warnings, want) {
		t.Errorf("warnings are %q", result.Warnings)
	}
	if result, err = Convert(context.Background(), source, Options{Output: filepath.Join(t.TempDir(), "out"), DType: tensor.BFloat16}); err != nil {
		t.Fatal(err)
	}
	for _, w := range result.Warnings {
		if w == want {
			t.Errorf("bfloat16 holds all of them: %q", w)
		}
	}
}

// TestSameBytes converts with any number of workers, from row-major and from
// strided files: model.pt is the same to the last bit.
func TestSameBytes(t *testing.T) {
	for _, name := range []string{"olmo2-sharded", "torch-strided"} {
		for _, dtype := range []tensor.DType{tensor.Invalid, tensor.BFloat16} {
			var first []byte
			for _, jobs := range []int{1, 2, 7, 64} {
				result, err := Convert(context.Background(), filepath.Join(testdata, "models", name),
					Options{Output: filepath.Join(t.TempDir(), "out"), DType: dtype, Jobs: jobs})
				if err != nil {
					t.Fatal(err)
				}
				data, err := os.ReadFile(filepath.Join(result.Output, "model.pt"))
				if err != nil {
					t.Fatal(err)
				}
				if first == nil {
					first = data
				}
				if !bytes.Equal(first, data) {
					t.Errorf("%s as %s: %d jobs write other bytes", name, dtype, jobs)
				}
			}
		}
	}
}
