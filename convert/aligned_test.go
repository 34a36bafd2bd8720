package convert_test

import (
	"slices"
	"testing"

	"hf2olmo/convert"
	"hf2olmo/convert/converttest"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/native"
	"hf2olmo/convert/sharded"
	"hf2olmo/convert/tensor"
)

// TestAligned: both trainers' files have a tensor where in a block its source has it, whatever the file system, and
// elsewhere if it is cast.
func TestAligned(t *testing.T) {
	const source, large = "../testdata/formats/2/model", "model.embed_tokens.weight"
	model, err := hf.Open(source)
	if err != nil {
		t.Fatal(err)
	}
	from := int64(-1)
	for _, s := range model.Tensors {
		if s.Name == large {
			from = s.Offset % tensor.ShareBlock
		}
	}
	for target, name := range map[string]string{"olmo": "transformer.wte.weight", "olmo-core": "embeddings.weight"} {
		for _, dtype := range []tensor.DType{tensor.Invalid, tensor.Float32} {
			r, err := converttest.Convert(t.Context(), source, convert.Options{Target: target, Into: t.TempDir(), DType: dtype})
			if err != nil {
				t.Fatal(err)
			}
			c, err := native.Open(t.Context(), r.Output)
			if err != nil {
				t.Fatal(err)
			}
			found := slices.IndexFunc(c.Tensors(), func(w *sharded.Tensor) bool { return w.Name == name })
			if found < 0 {
				t.Fatalf("%s: no %s", target, name)
			}
			_, at := c.Tensors()[found].ByteOf(0)
			if (at%tensor.ShareBlock == from) != (dtype == tensor.Invalid) {
				t.Errorf("%s: %s as %s is at %d, in its source at %d of a block", target, name, dtype, at, from)
			}
		}
	}
}
