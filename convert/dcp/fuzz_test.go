package dcp

import (
	"bytes"
	"os"
	"testing"
	"time"
)

// FuzzMetadata reads whatever index of a distributed checkpoint: it ends soon, and
// Check ends soon for all that is accepted.
func FuzzMetadata(f *testing.F) {
	text, err := os.ReadFile("testdata/golden_metadata.bin")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, text []byte) {
		start := time.Now()
		if m, err := ReadMetadata(bytes.NewReader(text), int64(len(text))); err == nil {
			m.Check()
		}
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("took %v", took)
		}
	})
}
