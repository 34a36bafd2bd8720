package verify_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hf2olmo/convert"
	"hf2olmo/convert/converttest"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
	"hf2olmo/convert/verify"
)

// weightsFile is a .bin of a copied model, which a test damages.
type weightsFile struct {
	t       *testing.T
	path    string
	content []byte
	records []tensor.Record
}

// copiedModel returns a copy of a bundled model, and its weights files.
func copiedModel(t *testing.T, name string) (dir string, files []weightsFile) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), name)
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(testdata, "models", name))); err != nil {
		t.Fatal(err)
	}
	paths, _ := filepath.Glob(filepath.Join(dir, "*.bin"))
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		file := &tensor.File{Name: filepath.Base(path), Size: int64(len(content))}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := torchfile.Open(f, file); err != nil {
			t.Fatal(err)
		}
		f.Close()
		files = append(files, weightsFile{t, path, content, file.Records})
	}
	return dir, files
}

// with writes the file with some bytes of it changed.
func (w *weightsFile) with(change func(b []byte)) {
	b := bytes.Clone(w.content)
	change(b)
	if err := os.WriteFile(w.path, b, 0o644); err != nil {
		w.t.Fatal(err)
	}
}

// TestDamagedRecords turns a bit in every record of .bin files whose tensors are whole,
// shared, views and transposed: convert and verify refuse it, naming file, tensor and record.
func TestDamagedRecords(t *testing.T) {
	for _, name := range []string{"llama-bin", "llama-bin-sharded", "torch-shared", "torch-strided", "torch-views"} {
		dir, files := copiedModel(t, name)
		for _, target := range []string{"olmo", "olmo-core"} {
			options := convert.Options{Target: target, Into: t.TempDir()}
			result, err := converttest.Convert(context.Background(), dir, options)
			if err != nil {
				t.Fatal(name, err)
			}
			for _, file := range files {
				if len(file.records) == 0 {
					t.Errorf("%s has no records", file.path)
				}
				for i, r := range file.records {
					if r.Bytes == 0 || target == "olmo-core" && i%7 > 0 {
						continue
					}
					file.with(func(b []byte) { b[r.Offset+int64(i*7)%r.Bytes] ^= 1 })
					want := filepath.Base(file.path) + ": " + r.Tensor + ": the checksum of its record " + r.Name + " is wrong"
					_, err := converttest.Convert(context.Background(), dir, convert.Options{Target: target, Into: t.TempDir(),
						DType: []tensor.DType{tensor.Invalid, tensor.BFloat16}[i%2]})
					if err == nil || !strings.Contains(err.Error(), want) {
						t.Errorf("convert: %v, want %q", err, want)
					}
					if _, err := verify.Folder(context.Background(), dir, result.Output, verify.Options{}); err == nil ||
						!strings.Contains(err.Error(), want) {
						t.Errorf("verify: %v, want %q", err, want)
					}
				}
				file.with(func([]byte) {})
			}
			if v := verified(t, dir, result.Output); !v.Same() {
				t.Errorf("%s: %+v", name, v)
			}
		}
	}
}

// zeroSums makes the checksums 0 of the entries that are called so, of all for "".
func zeroSums(name string) func(b []byte) {
	return func(b []byte) {
		for at := range b {
			switch {
			case bytes.HasPrefix(b[at:], []byte("PK\x01\x02")) && strings.HasSuffix(string(b[at+46:at+46+int(b[at+28])]), name):
				clear(b[at+16 : at+20])
			case bytes.HasPrefix(b[at:], []byte("PK\x07\x08")) && name == "":
				clear(b[at+4 : at+8])
			}
		}
	}
}

// TestWithoutChecksums: a file all of whose checksums are 0 was written so, and is
// converted with a warning; a 0 among others is a wrong one.
func TestWithoutChecksums(t *testing.T) {
	dir, files := copiedModel(t, "llama-bin")
	files[0].with(zeroSums(""))
	result, err := converttest.Convert(context.Background(), dir, convert.Options{Into: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	const want = "pytorch_model.bin: was written without checksums"
	if all := strings.Join(result.Warnings, "\n"); !strings.Contains(all, want) {
		t.Errorf("convert warns of %q", all)
	}
	v := verified(t, dir, result.Output)
	if all := strings.Join(v.Warnings, "\n"); !v.Same() || !strings.Contains(all, want) {
		t.Errorf("verify: %+v", v)
	}
	bare := func(b []byte) { zeroSums("data/3")(b); clearDescriptors(b) }
	files[0].with(bare)
	if _, err := converttest.Convert(context.Background(), dir, convert.Options{Into: t.TempDir()}); err == nil ||
		!strings.Contains(err.Error(), "record data/3 is wrong") {
		t.Errorf("a checksum of 0 among others: %v", err)
	}
}

// clearDescriptors clears the flags that say that checksums follow the entries too.
func clearDescriptors(b []byte) {
	for at := range b {
		if bytes.HasPrefix(b[at:], []byte("PK\x01\x02")) {
			b[at+8] &^= 8
		}
	}
}
