package verify_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"testing"

	"hf2olmo/convert"
	"hf2olmo/convert/converttest"
	"hf2olmo/convert/folder"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/verify"
)

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func writeFile(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

// zippedAgain writes the entries of an archive again, as a different program would.
func zippedAgain(t *testing.T, data []byte) []byte {
	t.Helper()
	old, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range old.File {
		from, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		to, err := w.CreateHeader(&zip.FileHeader{Name: f.Name, Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(to, from); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// withGap puts bytes between the last entry of an archive without zip64 and its directory.
func withGap(data []byte) []byte {
	le := binary.LittleEndian
	end := bytes.LastIndex(data, []byte("PK\x05\x06"))
	start := le.Uint32(data[end+16:])
	out := append(append(bytes.Clone(data[:start]), make([]byte, 8)...), data[start:]...)
	le.PutUint32(out[end+8+16:], start+8)
	return out
}

// TestVerifyOtherContainer puts other archives of the same tensors into the folder: they
// are the same, unless something is in them that no reader of ours looks at.
func TestVerifyOtherContainer(t *testing.T) {
	model := filepath.Join(testdata, "models", "llama")
	result, err := converttest.Convert(context.Background(), model, convert.Options{Into: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(result.Output, olmo.ModelFile)
	good := readFile(t, path)
	for _, withManifest := range []bool{true, false} {
		if !withManifest {
			if err := os.Remove(filepath.Join(result.Output, folder.ManifestFile)); err != nil {
				t.Fatal(err)
			}
		}
		for name, c := range map[string]struct {
			data []byte
			same bool
		}{
			"as it was":           {good, true},
			"zipped again":        {zippedAgain(t, good), true},
			"a gap":               {withGap(good), false},
			"a gap, zipped again": {withGap(zippedAgain(t, good)), false},
		} {
			writeFile(t, path, c.data)
			v := verified(t, model, result.Output)
			if v.Same() != c.same || v.Differing != 0 {
				t.Errorf("%s: %+v", name, v)
			}
		}
	}
}

// TestVerifyOneBitOfCore turns one bit at a time of the files of an OLMo-core checkpoint.
// No turn may pass.
func TestVerifyOneBitOfCore(t *testing.T) {
	model := filepath.Join(testdata, "models", "llama")
	result, err := converttest.Convert(context.Background(), model, convert.Options{Target: "olmo-core",
		Into: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	steps := map[string]int{".metadata": 31, "model_and_optim/.metadata": 31, "model_and_optim/__0_0.distcp": 149}
	for name, step := range steps {
		path := filepath.Join(result.Output, filepath.FromSlash(name))
		good := readFile(t, path)
		for at := 0; at < len(good); at += step {
			bad := bytes.Clone(good)
			bad[at] ^= 1 << (at % 8)
			writeFile(t, path, bad)
			if v, err := verify.Folder(context.Background(), model, result.Output,
				verify.Options{Jobs: 1}); err == nil && v.Same() {
				t.Errorf("%s: bit %d of byte %d: not seen", name, at%8, at)
			}
		}
		writeFile(t, path, good)
	}
	if v := verified(t, model, result.Output); !v.Same() {
		t.Errorf("after all were turned back: %+v", v)
	}
}

// TestVerifyIndexes compares the two indexes of a checkpoint that no manifest describes.
func TestVerifyIndexes(t *testing.T) {
	ctx, model := context.Background(), filepath.Join(testdata, "models", "llama")
	result, err := converttest.Convert(ctx, model, convert.Options{Target: "olmo-core", Into: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(result.Output, folder.ManifestFile)); err != nil {
		t.Fatal(err)
	}
	if v := verified(t, model, result.Output); !v.Same() {
		t.Fatalf("without the manifest: %+v", v)
	}
	other, err := converttest.Convert(ctx, model, convert.Options{Target: "olmo-core", Into: t.TempDir(),
		DType: tensor.BFloat16})
	if err != nil {
		t.Fatal(err)
	}
	const index = "model_and_optim/.metadata"
	writeFile(t, filepath.Join(result.Output, index), readFile(t, filepath.Join(other.Output, index)))
	if v := verified(t, model, result.Output); len(v.Config) != 1 || v.Config[0].File != index {
		t.Errorf("another inner index: %+v", v)
	}
}
