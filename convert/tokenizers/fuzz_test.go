package tokenizers_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"hf2olmo/convert/jsonfile"
	"hf2olmo/convert/tokenizers"
)

// FuzzTokenizer: a count never exceeds what the bytes can hold.
func FuzzTokenizer(f *testing.F) {
	all, err := filepath.Glob("testdata/tokenizers/*.json")
	if err != nil || len(all) == 0 {
		f.Fatal("no tokenizers")
	}
	for _, name := range all {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		have, err := tokenizers.Read(bytes.NewReader(text))
		if err != nil {
			jsonfile.Fault("t", bytes.NewReader(text), err)
			return
		}
		if have.VocabSize < 0 || have.VocabSize > int64(len(text)) {
			t.Errorf("%d tokens in %d bytes", have.VocabSize, len(text))
		}
	})
}
