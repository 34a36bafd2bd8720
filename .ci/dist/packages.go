package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func sorted(files []file) []file {
	return slices.SortedFunc(slices.Values(files), func(a, b file) int { return cmp.Compare(a.name, b.name) })
}

// writeArchive writes name.tar.gz, which contains the folder name.
func writeArchive(out, name string, binary file, texts []file) error {
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	t := tar.NewWriter(z)
	for _, f := range sorted(append([]file{binary}, texts...)) {
		header := &tar.Header{Name: name + "/" + f.name, Mode: int64(f.mode), Size: int64(len(f.data)), ModTime: changed,
			Format: tar.FormatUSTAR}
		if err := t.WriteHeader(header); err != nil {
			return err
		}
		if _, err := t.Write(f.data); err != nil {
			return err
		}
	}
	if err := cmp.Or(t.Close(), z.Close()); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, name+".tar.gz"), packed.Bytes(), 0o666)
}

// shared are the places of the texts below the root of an environment, as packages of Linux have them.
var shared = map[string]string{
	"hf2olmo.1": "share/man/man1/hf2olmo.1", "hf2olmo.bash": "share/bash-completion/completions/hf2olmo",
	"_hf2olmo": "share/zsh/site-functions/_hf2olmo", "hf2olmo.fish": "share/fish/vendor_completions.d/hf2olmo.fish",
}

// writeWheel writes a wheel, which puts the program into the folder of scripts. It contains no Python.
// Source: packaging.python.org/specifications/binary-distribution-format.
func writeWheel(out, version, tag string, binary file, texts []file) error {
	info, data := "hf2olmo-"+version+".dist-info/", "hf2olmo-"+version+".data/"
	metadata := "Metadata-Version: 2.4\nName: hf2olmo\nVersion: " + version + "\n" +
		"Summary: Convert Hugging Face models into checkpoints for OLMo and OLMo-core, and back\n" +
		"License-Expression: Apache-2.0\nLicense-File: LICENSE\nRequires-Python: >=3.7\n" +
		"Description-Content-Type: text/markdown\n\n"
	wheel := "Wheel-Version: 1.0\nGenerator: hf2olmo\nRoot-Is-Purelib: false\n"
	for _, one := range strings.Split(tag, ".") {
		wheel += "Tag: py3-none-" + one + "\n"
	}
	files := []file{{data + "scripts/hf2olmo", binary.data, 0o755}, {info + "WHEEL", []byte(wheel), 0o644}}
	for _, f := range texts {
		switch place := shared[f.name]; {
		case place != "":
			files = append(files, file{data + "data/" + place, f.data, f.mode})
		case f.name == "LICENSE":
			files = append(files, file{info + "licenses/LICENSE", f.data, f.mode})
		case f.name == "README.md":
			files = append(files, file{info + "METADATA", append([]byte(metadata), f.data...), f.mode})
		}
	}
	files = sorted(files)
	var record bytes.Buffer
	for _, f := range files {
		sum := sha256.Sum256(f.data)
		fmt.Fprintf(&record, "%s,sha256=%s,%d\n", f.name, base64.RawURLEncoding.EncodeToString(sum[:]), len(f.data))
	}
	fmt.Fprintf(&record, "%sRECORD,,\n", info)
	files = append(files, file{info + "RECORD", record.Bytes(), 0o644})

	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	for _, f := range files {
		header := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: changed}
		header.SetMode(f.mode)
		w, err := z.CreateHeader(header)
		if err != nil {
			return err
		}
		if _, err := w.Write(f.data); err != nil {
			return err
		}
	}
	if err := z.Close(); err != nil {
		return err
	}
	name := fmt.Sprintf("hf2olmo-%s-py3-none-%s.whl", version, tag)
	return os.WriteFile(filepath.Join(out, name), packed.Bytes(), 0o666)
}
