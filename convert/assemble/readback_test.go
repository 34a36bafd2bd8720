package assemble

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hf2olmo/convert/pickle"
	"hf2olmo/convert/torchfile"
)

// TestFrameIsReadBack damages every byte of a written file that is not a tensor's.
func TestFrameIsReadBack(t *testing.T) {
	layout, err := torchfile.Plan("train", pickle.Dict{{Key: "a", Value: int64(1)}})
	if err != nil {
		t.Fatal(err)
	}
	frame := layout.Frame(nil)
	f, err := os.Create(filepath.Join(t.TempDir(), "f"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	good := make([]byte, layout.Size)
	for _, piece := range frame {
		copy(good[piece.Offset:], piece.Data)
	}
	for at := range good {
		good[at] ^= 0x40
		if _, err := f.WriteAt(good, 0); err != nil {
			t.Fatal(err)
		}
		good[at] ^= 0x40
		err := readBack(f, "f", frame)
		if err == nil || !strings.Contains(err.Error(), "was not read back as it was written, at byte") {
			t.Fatalf("byte %d: %v", at, err)
		}
	}
	if err := f.Truncate(10); err != nil {
		t.Fatal(err)
	}
	if err := readBack(f, "f", frame); err == nil || !strings.Contains(err.Error(), "cannot be read back") {
		t.Error(err)
	}
}
