package export_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"testing"

	"hf2olmo/convert"
	"hf2olmo/convert/converttest"
	"hf2olmo/convert/export"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/native"
	"hf2olmo/convert/tensor"
)

func write(checkpoint string, o export.Options) (*export.Result, error) {
	e, err := export.Prepare(context.Background(), checkpoint, o)
	if err != nil {
		return nil, err
	}
	return e.Write(context.Background())
}

// toNative converts a model of Hugging Face.
func toNative(t *testing.T, model string) string {
	t.Helper()
	result, err := converttest.Convert(context.Background(), model, convert.Options{Into: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return result.Output
}

func modelTensors(t *testing.T, dir string) []tensor.Tensor {
	t.Helper()
	model, err := hf.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return model.Tensors
}

func nativeTensors(t *testing.T, dir string) (tensors []tensor.Tensor) {
	t.Helper()
	c, err := native.Open(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range c.Model {
		tensors = append(tensors, one.Tensor)
	}
	return tensors
}

// contents returns the bytes of each tensor in row-major order, after its dtype and shape.
func contents(t *testing.T, tensors []tensor.Tensor) map[string]string {
	t.Helper()
	files, err := tensor.OpenFiles(tensors)
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	all := map[string]string{}
	for i := range tensors {
		one := &tensors[i]
		p := make([]byte, one.Bytes())
		content := tensor.Content{DType: one.DType, Parts: []*tensor.Tensor{one}}
		if err := tensor.NewGatherer(files).Read(p, &content, 0); err != nil {
			t.Fatal(err)
		}
		all[one.Name] = one.DType.String() + tensor.ShapeString(one.Shape) + string(p)
	}
	return all
}

// hashed returns contents with the SHA-256 of the bytes instead of them.
func hashed(contents map[string]string) map[string]string {
	sums := map[string]string{}
	for name, content := range contents {
		at := strings.Index(content, "]") + 1
		sum := sha256.Sum256([]byte(content[at:]))
		sums[name] = content[:at] + hex.EncodeToString(sum[:])
	}
	return sums
}

func compare(t *testing.T, got, want map[string]string) {
	t.Helper()
	if len(got) == 0 || !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))) {
		t.Errorf("tensors are %q, want %q", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s: other contents", name)
		}
	}
}

// fullText is an error with its hints.
func fullText(err error) string {
	var faults fault.List
	faults.Add("", err)
	text := ""
	for _, f := range faults {
		text += f.Error() + "\n" + f.Hint + "\n"
	}
	return text
}
