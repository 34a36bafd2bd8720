package torchfile_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

// careless is what no fault says in words of its own: a pointer that was printed in
// place of what it points to, or a bare error.
var careless = regexp.MustCompile(`\b0xc000[0-9a-f]{6}\b|EOF`)

var update = flag.Bool("update", false, "write written.pt and refused.txt anew")

// openBytes is Open for a file of these bytes.
func openBytes(b []byte) ([]tensor.Tensor, error) {
	return torchfile.Open(bytes.NewReader(b), &tensor.File{Path: "dir/x.bin", Name: "x.bin", Size: int64(len(b))})
}

// mustRefuse checks that a file is refused, and returns the message.
func mustRefuse(t *testing.T, b []byte) string {
	t.Helper()
	tensors, err := openBytes(b)
	if err == nil {
		t.Fatalf("read %d tensors from a file that is to be refused", len(tensors))
	}
	checkFault(t, b, err)
	return err.Error()
}

// checkFault checks that an error is a fault or several, in good form. Texts from the
// file b may appear in them.
func checkFault(t *testing.T, b []byte, err error) {
	t.Helper()
	var one *fault.Fault
	var list fault.List
	if errors.As(err, &one) {
		list = fault.List{one}
	} else if !errors.As(err, &list) || len(list) < 2 {
		t.Fatalf("%T is neither a fault nor several: %v", err, err)
	}
	for _, f := range list {
		if f.File != "x.bin" || f.Problem == "" || strings.HasSuffix(f.Problem, ".") {
			t.Errorf("not in good form: %#v", f)
		}
		if f.Hint != "" && !strings.HasSuffix(f.Hint, ".") {
			t.Errorf("a hint that is no sentence: %q", f.Hint)
		}
		if words := careless.FindString(f.Error()); words != "" && !bytes.Contains(b, []byte(words)) {
			t.Errorf("a bare error or an address: %v", f)
		}
	}
}

// hash returns the SHA-256 of the elements in row-major order, each read by itself.
func hash(t *testing.T, r io.ReaderAt, x tensor.Tensor) string {
	t.Helper()
	sum := sha256.New()
	element := make([]byte, x.DType.Size())
	index := make([]int64, len(x.Shape))
	for range x.Numel() {
		at := int64(0)
		for i, n := range index {
			at += n * x.Stride[i]
		}
		if _, err := r.ReadAt(element, x.Offset+at*x.DType.Size()); err != nil {
			t.Fatalf("%s: %v", x.Name, err)
		}
		sum.Write(element)
		for i := len(index) - 1; i >= 0; i-- {
			if index[i]++; index[i] < x.Shape[i] {
				break
			}
			index[i] = 0
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// fixtures returns the files in a folder of testdata by their names.
func fixtures(t testing.TB, folder string) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", folder, "*.bin"))
	if err != nil || len(paths) < 20 {
		t.Fatalf("%d fixtures in %s: %v", len(paths), folder, err)
	}
	files := map[string][]byte{}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(path)] = b
	}
	return files
}

// zipOf returns an archive of stored entries without checksums, in this order.
func zipOf(t testing.TB, namesAndContents ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for i := 0; i < len(namesAndContents); i += 2 {
		name, content := namesAndContents[i], namesAndContents[i+1]
		size := uint64(len(content))
		e, err := w.CreateRaw(&zip.FileHeader{Name: name, CompressedSize64: size, UncompressedSize64: size})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(e, content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// withPickle returns an archive with this pickle and a storage 0 of 16 bytes.
func withPickle(t testing.TB, pickle string) []byte {
	return zipOf(t, "a/data.pkl", pickle, "a/data/0", "0123456789abcdef", "a/version", "3\n")
}

// The parts of a pickle with one tensor.
const (
	storage0  = "(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQ"
	rebuild   = "ctorch._utils\n_rebuild_tensor_v2\n"
	hooks     = "ccollections\nOrderedDict\n)R"
	tensor0   = rebuild + "(" + storage0 + "K\x00K\x04\x85K\x01\x85\x89" + hooks + "tR"
	keyA      = "X\x01\x00\x00\x00a"
	goodDict  = "\x80\x02}" + keyA + tensor0 + "s."
	emptyDict = "\x80\x02}."
)
