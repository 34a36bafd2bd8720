package convert_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hf2olmo/convert"
	"hf2olmo/convert/converttest"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/output"
	"hf2olmo/convert/tensor"
)

// overwrite changes bytes of a file.
func overwrite(t *testing.T, path string, data []byte, at int64) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteAt(data, at); err != nil {
		t.Fatal(err)
	}
}

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
	i := slices.IndexFunc(model.Tensors,
		func(t tensor.Tensor) bool { return t.Name == "model.layers.0.self_attn.k_proj.weight" })
	for n, v := range []float32{65520, -1e30, float32(math.Inf(1)), 65519} {
		word := binary.LittleEndian.AppendUint32(nil, math.Float32bits(v))
		overwrite(t, model.Tensors[i].File.Path, word, model.Tensors[i].Offset+4*int64(3*n))
	}
	result, err := converttest.Convert(context.Background(), source,
		convert.Options{Output: filepath.Join(t.TempDir(), "out"), DType: tensor.Float16})
	if err != nil {
		t.Fatal(err)
	}
	const want = "transformer.blocks.0.att_proj.weight: 2 elements are too large for float16 and became infinite"
	if !slices.Contains(result.Warnings, want) {
		t.Errorf("warnings are %q", result.Warnings)
	}
	if result, err = converttest.Convert(context.Background(), source,
		convert.Options{Output: filepath.Join(t.TempDir(), "out"), DType: tensor.BFloat16}); err != nil {
		t.Fatal(err)
	}
	for _, w := range result.Warnings {
		if w == want {
			t.Errorf("bfloat16 holds all of them: %q", w)
		}
	}
}

// TestSpecialWarnings converts a model of which the end was never downloaded, only its
// room taken, and one with infinity: there is a warning about both, one per file.
func TestSpecialWarnings(t *testing.T) {
	for _, dtype := range []tensor.DType{tensor.Invalid, tensor.BFloat16} {
		source := filepath.Join(t.TempDir(), "model")
		if err := os.CopyFS(source, os.DirFS(filepath.Join(testdata, "models", "olmo2-sharded"))); err != nil {
			t.Fatal(err)
		}
		whole, err := converttest.Convert(context.Background(), source,
			convert.Options{Output: filepath.Join(t.TempDir(), "out"), DType: dtype})
		if err != nil {
			t.Fatal(err)
		}
		if all := strings.Join(whole.Warnings, "\n"); strings.Contains(all, "zeros") || strings.Contains(all, "infinity") {
			t.Fatal(whole, err)
		}
		model, err := hf.Open(source)
		if err != nil {
			t.Fatal(err)
		}
		zeroed := map[string][]string{} // matrices by file
		for i, x := range model.Tensors {
			data := make([]byte, x.Bytes())
			switch {
			case i == 2:
				copy(data[4:], []byte{0, 0, 0x80, 0xff, 1})
			case i < 5:
				continue
			case len(x.Shape) > 1:
				zeroed[x.File.Name] = append(zeroed[x.File.Name], x.Name)
			}
			overwrite(t, x.File.Path, data, x.Offset)
		}
		result, err := converttest.Convert(context.Background(), source,
			convert.Options{Output: filepath.Join(t.TempDir(), "out"), DType: dtype})
		if err != nil {
			t.Fatal(err)
		}
		x := model.Tensors[2]
		want := []string{x.File.Name + ": " + x.Name + " contains infinity: the loss is likely to be NaN"}
		for file, names := range zeroed {
			held := "contains"
			if len(names) > 1 {
				held = fmt.Sprintf("and %d more contain", len(names)-1)
			}
			want = append(want, fmt.Sprintf("%s: %s %s only zeros: was the download cut off? Compare the file's "+
				"checksum with the one on the hub, or download it again", file, names[0], held))
		}
		for _, w := range want {
			if !slices.Contains(result.Warnings, w) {
				t.Errorf("%q is not reported: %q", w, result.Warnings)
			}
		}
		if len(zeroed) < 2 || len(result.Warnings) != len(whole.Warnings)+len(want) {
			t.Errorf("%d files; warnings are %q", len(zeroed), result.Warnings)
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
				result, err := converttest.Convert(context.Background(), filepath.Join(testdata, "models", name),
					convert.Options{Output: filepath.Join(t.TempDir(), "out"), DType: dtype, Folder: output.Options{Jobs: jobs}})
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
