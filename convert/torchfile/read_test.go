package torchfile_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

// expected is what torch.load finds, from make.py.
type expected struct {
	Name   string
	DType  string
	Shape  []int64
	SHA256 string
}

func TestGoodFiles(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("testdata", "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want map[string][]expected
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	files := fixtures(t, "good")
	if len(files) != len(want) {
		t.Errorf("%d files and %d expectations", len(files), len(want))
	}
	for name, content := range files {
		t.Run(name, func(t *testing.T) {
			tensors, err := openBytes(content)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, content, tensors, want[name])
		})
	}
}

func compare(t *testing.T, content []byte, tensors []tensor.Tensor, want []expected) {
	t.Helper()
	if len(tensors) != len(want) {
		t.Fatalf("%d tensors, want %d", len(tensors), len(want))
	}
	for i, x := range tensors {
		w := want[i]
		if x.Name != w.Name || x.DType.String() != w.DType || !slices.Equal(x.Shape, w.Shape) {
			t.Errorf("got %s %v %v, want %+v", x.Name, x.DType, x.Shape, w)
			continue
		}
		if got := hash(t, bytes.NewReader(content), x); got != w.SHA256 {
			t.Errorf("%s: the elements differ", x.Name)
		}
	}
}

// TestOpen goes through a real file.
func TestOpen(t *testing.T) {
	path := filepath.Join("testdata", "good", "many-zip.bin")
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	file := &tensor.File{Path: path, Name: "many-zip.bin", Size: info.Size()}
	tensors, err := torchfile.Open(f, file)
	if err != nil || len(tensors) != 40 {
		t.Fatalf("%d tensors, %v", len(tensors), err)
	}
	sorted := slices.IsSortedFunc(tensors, func(a, b tensor.Tensor) int {
		return bytes.Compare([]byte(a.Name), []byte(b.Name))
	})
	if !sorted || tensors[0].File != file || tensors[0].Offset%dataAlignment != 0 {
		t.Errorf("not sorted, or not in the file: %+v", tensors[0])
	}
	// A file that has become shorter than it was said to be.
	file.Size += 100
	if _, err := torchfile.Open(f, file); err == nil {
		t.Error("read a file that is shorter than it was said to be")
	}
}

// TestSharedBytes: tensors that share a storage share it here too.
func TestSharedBytes(t *testing.T) {
	for _, kind := range []string{"zip", "legacy"} {
		tensors, err := openBytes(fixtures(t, "good")["views-"+kind+".bin"])
		if err != nil {
			t.Fatal(err)
		}
		at := map[string]*tensor.Tensor{}
		for i, x := range tensors {
			at[x.Name] = &tensors[i]
		}
		whole := at["whole"].Offset
		if at["again"].Offset != whole || at["turned"].Offset != whole || at["rows"].Offset != whole+2*4*4 {
			t.Errorf("%s: views of one storage lie apart", kind)
		}
		if at["turned"].Contiguous() || !at["rows"].Contiguous() || at["expanded"].Contiguous() {
			t.Errorf("%s: wrong strides", kind)
		}
	}
}

// TestCutFiles reads every prefix and every suffix of every good file.
func TestCutFiles(t *testing.T) {
	for name, content := range fixtures(t, "good") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i := range content {
				mustRefuse(t, content[:i])
				if i > 0 {
					mustRefuse(t, content[i:])
				}
			}
		})
	}
}

// TestCutStates: the message about a legacy file that is cut short has both sizes.
func TestCutStates(t *testing.T) {
	content := fixtures(t, "good")["plain-legacy.bin"]
	got := mustRefuse(t, content[:len(content)-1])
	if want := "x.bin: the file is cut short: expected 2453 bytes, found 2452 bytes"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	got = mustRefuse(t, append(bytes.Clone(content), 0))
	if want := "x.bin: the file continues after its last tensor: expected 2453 bytes, found 2454 bytes"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestFlippedBits flips a bit in every byte: whatever comes, it must be tensors
// inside of the file or a fault, and soon.
func TestFlippedBits(t *testing.T) {
	for name, content := range fixtures(t, "good") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			content := withoutChecksums(content)
			for i := range content {
				content[i] ^= 1 << (i % 8)
				tensors, err := openBytes(content)
				checkOutcome(t, content, tensors, err)
				content[i] ^= 1 << (i % 8)
			}
		})
	}
}

// checkOutcome checks the result for any file: faults in good form, or tensors all
// of whose elements are inside the file.
func checkOutcome(t *testing.T, content []byte, tensors []tensor.Tensor, err error) {
	t.Helper()
	if err != nil {
		checkFault(t, content, err)
		return
	}
	for _, x := range tensors {
		last, empty := int64(1), false
		for i, n := range x.Shape {
			empty = empty || n == 0
			last += (n - 1) * x.Stride[i]
		}
		if x.Numel() < 0 || x.Bytes() < 0 || x.Offset < 0 || x.Offset > int64(len(content)) {
			t.Errorf("%+v is impossible", x)
		}
		if !empty && x.Offset+last*x.DType.Size() > int64(len(content)) {
			t.Errorf("%+v reaches past the file", x)
		}
	}
}

// withoutChecksums zeroes the CRCs in a zip directory, so that the pickle is read although
// it was changed.
func withoutChecksums(content []byte) []byte {
	content = bytes.Clone(content)
	magic := binary.LittleEndian.AppendUint32(nil, centralHeaderMagic)
	for i := range content {
		if bytes.HasPrefix(content[i:], magic) && bytes.HasPrefix(content, []byte(zipMagic)) {
			clear(content[i+16 : i+20])
		}
	}
	return content
}
