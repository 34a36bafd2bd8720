package torchfile_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hf2olmo/convert/fault"
)

// TestRefusedFiles compares the messages about every file in refused/, and about files that
// are something else altogether, with those in refused.txt.
func TestRefusedFiles(t *testing.T) {
	files := fixtures(t, "refused")
	for name, content := range otherFiles() {
		files[name] = []byte(content)
	}
	var got strings.Builder
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(&got, "%s\n", name)
		_, err := openBytes(files[name])
		if err == nil {
			t.Errorf("%s was read", name)
			continue
		}
		checkFault(t, files[name], err)
		var list fault.List
		list.Add("", err)
		for _, f := range list {
			fmt.Fprintf(&got, "    %v\n", f)
			if f.Hint != "" {
				fmt.Fprintf(&got, "        %s\n", f.Hint)
			}
		}
	}
	path := filepath.Join("testdata", "refused.txt")
	if *update {
		if err := os.WriteFile(path, []byte(got.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("the words differ from %s: got\n%s", path, got.String())
	}
}

// otherFiles are things that people have in a file named .bin.
func otherFiles() map[string]string {
	return map[string]string{
		"empty":       "",
		"lfs":         "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 5909463040\n",
		"text":        "Access to model allenai/OLMo is restricted.\n",
		"web page":    "<!DOCTYPE html><html><body>404</body></html>",
		"html":        "<html><body>404</body></html>",
		"binary":      "\x00\x01\x02\x03\x04\xff\xfe",
		"tar":         strings.Repeat("\x00", 257) + "ustar" + strings.Repeat("\x00", 250),
		"safetensors": "\x40\x00\x00\x00\x00\x00\x00\x00{\"w\":{\"dtype\":\"F32\"}}",
		"gguf":        "GGUF\x03\x00\x00\x00",
		"gzip":        "\x1f\x8b\x08\x00",
		"npy":         "\x93NUMPY\x01\x00",
		"hdf5":        "\x89HDF\r\n\x1a\n",
		"pickle":      "\x80\x04K\x01.",
		"empty zip":   "PK\x05\x06" + strings.Repeat("\x00", 18),
		"zip start":   "PK\x03\x04",
		"zip half":    "PK\x03",
		"magic half":  legacyMagic[:9],
		"magic alone": legacyMagic,
		"version":     legacyMagic + "\x80\x02M\xe8\x03.",
	}
}
