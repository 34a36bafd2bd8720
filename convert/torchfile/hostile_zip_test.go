package torchfile_test

import (
	"bytes"
	"encoding/binary"
	"math/rand"
	"strings"
	"testing"

	"hf2olmo/convert/pickle"
)

// TestHostileArchives checks the messages about archives.
func TestHostileArchives(t *testing.T) {
	good := withPickle(t, goodDict)
	end := len(good) - endSize
	directory := int(binary.LittleEndian.Uint32(good[end+16:]))
	cases := map[string]struct {
		file []byte
		want string
	}{
		"two of a name": {zipOf(t, "a/data.pkl", goodDict, "a/data/0", "0123456789abcdef", "a/data/0", ""),
			`two entries "a/data/0"`},
		"two pickles": {zipOf(t, "a/data.pkl", goodDict, "a/data/0", "0123456789abcdef", "a/version", "3\n",
			"b/data.pkl", goodDict), `has the entry "b/data.pkl"`},
		"pickle too deep":   {zipOf(t, "a/b/data.pkl", goodDict), "no data.pkl"},
		"pickle at the top": {zipOf(t, "data.pkl", goodDict), "no data.pkl"},
		"no pickle":         {zipOf(t, "a/data/0", ""), "no data.pkl"},
		"folder":            {zipOf(t, "a/data.pkl/", ""), "no data.pkl"},
		"script":            {zipOf(t, "a/data.pkl", goodDict, "a/constants.pkl", ""), "TorchScript"},
		"odd byte order":    {zipOf(t, "a/data.pkl", goodDict, "a/byteorder", "middle"), "neither little nor big"},
		"long byte order":   {zipOf(t, "a/data.pkl", goodDict, "a/byteorder", "little!"), "neither little nor big"},
		"no storage": {zipOf(t, "a/data.pkl", goodDict, "a/version", "3\n"),
			"a: the entry data/0 is missing from the zip archive"},
		"bytes in front":      {append([]byte("PK\x03\x04"), good...), "is not where"},
		"bytes behind":        {append(bytes.Clone(good), "PK"...), "cut short"},
		"encrypted":           {changed(good, directory+8, 1), "encrypted"},
		"compressed":          {changed(good, directory+10, 8), "compressed"},
		"two sizes":           {changed(good, directory+20, 1), "two sizes"},
		"many entries":        {changed(good, end+8, 0xff, 0xf0, 0xff, 0xf0), "too small for the 61695 entries"},
		"several disks":       {changed(good, end+4, 1), "several parts"},
		"other count":         {changed(good, end+8, 1), "several parts"},
		"directory elsewhere": {changed(good, end+16, 1), "is not where"},
		"directory too large": {changed(good, end+12, 0xff, 0xff, 0xff, 0xff), "larger than 16 MB"},
		"no local header":     {changed(good, 0x00, 'P', 'K', 3, 5), ""},
		"entry past the end": {changed(good, bytes.LastIndex(good, []byte("a/data/0"))-26, 0xff, 0xff, 0xff, 0, 0xff, 0xff,
			0xff, 0), "larger together than the file"},
		"entries overlap": {overlapping(t), "overlap"},
		"wrong checksum": {changed(good, directory+16, 1, 2, 3, 4),
			"the checksum of data.pkl is wrong: its bytes were changed"},
		"a long pickle": {zipOf(t, "a/data.pkl", strings.Repeat("N", pickle.MaxBytes+1)), "larger than 25 MB"},
		"numpy":         {zipOf(t, "w.npy", ""), "numpy"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := mustRefuse(t, c.file); !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q in it", got, c.want)
			}
		})
	}
}

// changed returns b with other bytes at an offset.
func changed(b []byte, at int, with ...byte) []byte {
	b = bytes.Clone(b)
	copy(b[at:], with)
	return b
}

// overlapping is an archive whose directory lets two names share one entry.
func overlapping(t *testing.T) []byte {
	pickle := "\x80\x02}(" + keyA + tensor0 + "X\x01\x00\x00\x00b" + strings.Replace(tensor0, "\x000X", "\x001X", 1) + "u."
	b := zipOf(t, "a/data.pkl", pickle, "a/version", "3\n", "a/data/0", "0123456789abcdef", "a/data/1", "0123456789abcdef")
	first := bytes.LastIndex(b, []byte("a/data/0"))
	second := bytes.LastIndex(b, []byte("a/data/1"))
	copy(b[second-4:second], b[first-4:first])
	return b
}

// TestZip64EndsAgree: an archive whose two end records describe two directories.
func TestZip64EndsAgree(t *testing.T) {
	good := fixtures(t, "good")["gpu-zip.bin"] // torch always writes both
	if _, err := openBytes(good); err != nil {
		t.Fatal(err)
	}
	locator := len(good) - endSize - zip64LocatorSize
	for _, at := range []int{32, 40, 48} {
		bad := changed(good, locator-zip64EndSize+at, 1)
		if got := mustRefuse(t, bad); !strings.Contains(got, "two end records") {
			t.Errorf("at %d: %s", at, got)
		}
	}
	bad := changed(good, locator+8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
	if got := mustRefuse(t, bad); !strings.Contains(got, "is not inside the file") {
		t.Error(got)
	}
}

// TestNoise feeds files that start like torch's and go on at random.
func TestNoise(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	for range 20000 {
		noise := make([]byte, random.Intn(200))
		for i := range noise {
			// Mostly opcodes: real noise ends at the first byte.
			noise[i] = "(.GIJKLMNQRTUX]abcehjqrstu)}\x80\x85\x86\x87\x88\x89\x8a\x8c\x93\x94\x95\x00\x01\n"[random.Intn(42)]
		}
		for _, file := range [][]byte{legacyWith("\x80\x02" + string(noise)),
			withPickle(t, "\x80\x02"+goodDict[2:len(goodDict)-1]+string(noise))} {
			tensors, err := openBytes(file)
			checkOutcome(t, file, tensors, err)
		}
	}
}
