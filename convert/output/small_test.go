package output_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hf2olmo/convert/output"
)

// TestMade: a file that is not in memory has its size, is read again and again, and need not be read
// to its end.
func TestMade(t *testing.T) {
	text := strings.Repeat("0123456789", 50_000)
	small, err := output.Made("index", func(to io.Writer) error {
		_, err := io.WriteString(to, text)
		return err
	})
	if err != nil || small.Size() != int64(len(text)) {
		t.Fatalf("%d bytes, %v", small.Size(), err)
	}
	begun, err := small.Open()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := begun.Read(make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	begun.Close()
	for _, other := range []string{"", "x", text[1:] + "x"} {
		path := filepath.Join(t.TempDir(), "index")
		if err := os.WriteFile(path, []byte(text[len(other):]+other), 0o666); err != nil {
			t.Fatal(err)
		}
		if same, err := small.SameAs(path); err != nil || same != (other == "") {
			t.Errorf("with %d other bytes: %v, %v", len(other), same, err)
		}
	}
	failed := errors.New("failed")
	if _, err := output.Made("index", func(io.Writer) error { return failed }); !errors.Is(err, failed) {
		t.Error(err)
	}
}
