package main

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hf2olmo/convert/folder"
)

// TestManifestLists: the manifest lists every file of the folder except itself, with its size, the SHA-256 of small
// files, and the two checksums of files with tensors.
func TestManifestLists(t *testing.T) {
	for target, output := range map[string]string{"olmo": "x-unsharded", "olmo-core": "x"} {
		output = filepath.Join(t.TempDir(), output)
		if o := execute(t, "convert", "--target", target, "--output", output, "../../testdata/models/llama"); o.status != 0 {
			t.Fatal(o.stderr)
		}
		listed := map[string]folder.State{}
		for _, s := range folder.ReadManifest(output).Outputs {
			listed[s.Name] = s
		}
		must(t, fs.WalkDir(os.DirFS(output), ".", func(name string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || name == folder.ManifestFile {
				return err
			}
			text, err := os.ReadFile(filepath.Join(output, name))
			must(t, err)
			s := listed[name]
			delete(listed, name)
			sum := fmt.Sprintf("%x", sha256.Sum256(text))
			if strings.HasSuffix(name, ".pt") && name != "train.pt" {
				sum = frameSum(t, filepath.Join(output, name), text)
			}
			large := s.CRC32 != ""
			if s.Size != int64(len(text)) || s.Hash != sum && !strings.HasSuffix(name, ".distcp") ||
				large && s.CRC32 != fmt.Sprintf("%08x", crc32.ChecksumIEEE(text)) ||
				large != (name == "model.pt" || strings.HasSuffix(name, ".distcp")) || large != (s.ModTime != nil) {
				t.Errorf("%s: %s: the manifest says %+v", target, name, s)
			}
			return nil
		}))
		if len(listed) > 0 {
			t.Errorf("%s: listed, and not there: %v", target, listed)
		}
	}
}

// frameSum is the SHA-256 of all bytes of a model.pt except those of tensors.
func frameSum(t *testing.T, path string, text []byte) string {
	t.Helper()
	archive, err := zip.OpenReader(path)
	must(t, err)
	defer archive.Close()
	h, at := sha256.New(), int64(0)
	for _, f := range archive.File {
		if strings.Contains(f.Name, "/data/") {
			start, err := f.DataOffset()
			must(t, err)
			h.Write(text[at:start])
			at = start + int64(f.UncompressedSize64)
		}
	}
	h.Write(text[at:])
	return hex.EncodeToString(h.Sum(nil))
}
