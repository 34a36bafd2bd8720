package verify_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"hf2olmo/convert"
	"hf2olmo/convert/converttest"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/verify"
	"hf2olmo/keymap"
)

const testdata = "../../testdata"

func verified(t *testing.T, source, folder string) *verify.Result {
	t.Helper()
	v, err := verify.Folder(context.Background(), source, folder, verify.Options{Jobs: 1})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestVerifyAll converts every bundled model, as it is and with every cast, and verifies it.
func TestVerifyAll(t *testing.T) {
	models, err := filepath.Glob(filepath.Join(testdata, "models", "*"))
	if err != nil || len(models) < 15 {
		t.Fatal(models, err)
	}
	for _, model := range models {
		for _, dtype := range []tensor.DType{tensor.Invalid, tensor.Float32, tensor.BFloat16, tensor.Float16} {
			result, err := converttest.Convert(context.Background(), model, convert.Options{Into: t.TempDir(), DType: dtype})
			if err != nil {
				t.Fatal(err)
			}
			if v := verified(t, model, result.Output); !v.Same() || v.Tensors != result.Tensors {
				t.Errorf("%s as %s: %+v", model, dtype, v)
			}
		}
	}
}

// TestVerifyOneBit turns one bit of model.pt at a time, all over the file: in tensors,
// the pickle, checksums, padding and the directory. No turn may pass.
func TestVerifyOneBit(t *testing.T) {
	model := filepath.Join(testdata, "models", "llama")
	result, err := converttest.Convert(context.Background(), model, convert.Options{Into: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(result.Output, olmo.ModelFile)
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	turn := func(at int64, bit uint) {
		b := make([]byte, 1)
		if _, err := file.ReadAt(b, at); err != nil {
			t.Fatal(err)
		}
		b[0] ^= 1 << bit
		if _, err := file.WriteAt(b, at); err != nil {
			t.Fatal(err)
		}
	}
	llama, err := keymap.TableNamed("llama")
	if err != nil {
		t.Fatal(err)
	}
	table, err := llama.Table()
	if err != nil {
		t.Fatal(err)
	}
	inTensors := 0
	for at := int64(0); at < info.Size(); at += 53 {
		bit := uint(at) % 8
		turn(at, bit)
		v, err := verify.Folder(context.Background(), model, result.Output, verify.Options{Jobs: 1, Keymap: table})
		switch {
		case err == nil && v.Same():
			t.Errorf("bit %d of byte %d: not seen", bit, at)
		case err == nil && v.Differing > 0:
			inTensors++
			d := v.Differences[0]
			pickle := d.Element < 0 || d.Elements > 1 // a tensor of another shape, or at another place
			if !pickle && (v.Differing != 1 || at-d.Offset < 0 || at-d.Offset > 3) {
				t.Errorf("bit %d of byte %d: %+v", bit, at, v.Differences)
			}
		}
		turn(at, bit)
	}
	if inTensors < 300 {
		t.Errorf("only %d of the bits were in tensors", inTensors)
	}
	if v := verified(t, model, result.Output); !v.Same() {
		t.Errorf("after all were turned back: %+v", v)
	}
}
