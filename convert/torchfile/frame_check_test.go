package torchfile_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"hf2olmo/convert/torchfile"
)

// entriesOf returns the entries of an archive.
func entriesOf(t *testing.T, b []byte) []*zip.File {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return z.File
}

// checkBytes opens a file and checks its frame.
func checkBytes(b []byte) error {
	if _, err := openBytes(b); err != nil {
		return err
	}
	return torchfile.CheckFrame(bytes.NewReader(b), int64(len(b)))
}

// TestFrameOfTorch finds nothing wrong with what torch.save wrote.
func TestFrameOfTorch(t *testing.T) {
	for name, b := range fixtures(t, "good") {
		if err := torchfile.CheckFrame(bytes.NewReader(b), int64(len(b))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFrameDamaged flips each bit of torch's file that is not in an entry's bytes. A flip that
// goes unnoticed may not matter to any reader.
func TestFrameDamaged(t *testing.T) {
	good := fixtures(t, "good")["module-zip.bin"]
	z := entriesOf(t, good)
	inside := func(at int) bool {
		for _, f := range z {
			from, err := f.DataOffset()
			if err != nil {
				t.Fatal(err)
			}
			if int64(at) >= from && int64(at) < from+int64(f.UncompressedSize64) {
				return true
			}
		}
		return false
	}
	for at := range good {
		if inside(at) {
			continue
		}
		for bit := range 8 {
			bad := bytes.Clone(good)
			bad[at] ^= 1 << bit
			if checkBytes(bad) == nil && !harmless(good, at) {
				t.Errorf("bit %d of byte %d: not seen", bit, at)
			}
		}
	}
}

// harmless reports whether no reader looks at a byte: the versions of zip that wrote an
// entry or are needed for it, and the attributes of the file system. The checksum and the
// sizes that a local header leaves to the descriptor may be 0, or the right ones.
func harmless(file []byte, at int) bool {
	fields := map[string][][2]int{"PK\x03\x04": {{4, 6}, {14, 26}}, "PK\x01\x02": {{4, 8}, {38, 42}},
		"PK\x06\x06": {{12, 16}}}
	for magic, ranges := range fields {
		start := bytes.LastIndex(file[:at], []byte(magic))
		for _, r := range ranges {
			if start >= 0 && at-start >= r[0] && at-start < r[1] {
				return true
			}
		}
	}
	return false
}

// TestFrameRefuses finds what was put between, before and behind.
func TestFrameRefuses(t *testing.T) {
	good := zipOf(t, "a/data.pkl", goodDict, "a/data/0", strings.Repeat("\x00", 16), "a/version", "3\n")
	second := bytes.Index(good[4:], []byte("PK\x03\x04")) + 4
	for name, change := range map[string]func(b []byte) []byte{
		"before the first": func(b []byte) []byte { return shifted(b, 0, make([]byte, 64)) },
		"between two":      func(b []byte) []byte { return shifted(b, second, make([]byte, 8)) },
		"before the end":   func(b []byte) []byte { return shifted(b, bytes.Index(b, []byte("PK\x01\x02")), []byte("x")) },
		"another name":     func(b []byte) []byte { return bytes.Replace(b, []byte("a/data/0"), []byte("a/data/1"), 1) },
		"another checksum": func(b []byte) []byte { b[14] ^= 1; return b },
	} {
		bad := change(bytes.Clone(good))
		if checkBytes(bad) == nil {
			t.Errorf("%s: not seen", name)
		}
	}
}

// shifted puts bytes into an archive, and corrects the places that its directory names.
func shifted(b []byte, at int, more []byte) []byte {
	le := binary.LittleEndian
	end := len(b) - endSize
	directory := int(le.Uint32(b[end+16:]))
	for i := directory; i < end; i += centralHeaderSize + int(le.Uint16(b[i+28:])) + int(le.Uint16(b[i+30:])) {
		if place := le.Uint32(b[i+42:]); int(place) >= at {
			le.PutUint32(b[i+42:], place+uint32(len(more)))
		}
	}
	le.PutUint32(b[end+16:], uint32(directory+len(more)))
	return append(append(bytes.Clone(b[:at]), more...), b[at:]...)
}
