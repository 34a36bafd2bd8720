package torchfile_test

import (
	"bytes"
	"testing"
)

// FuzzOpenZip opens whatever there is behind the start of a zip archive.
func FuzzOpenZip(f *testing.F) {
	for _, folder := range []string{"good", "refused"} {
		for _, b := range fixtures(f, folder) {
			if bytes.HasPrefix(b, []byte(zipMagic)) {
				f.Add(withoutChecksums(b))
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		b = append([]byte("PK\x03\x04"), b[min(4, len(b)):]...)
		tensors, err := openBytes(b)
		checkOutcome(t, b, tensors, err)
	})
}

// FuzzOpenLegacy opens whatever there is behind the older format's magic number.
func FuzzOpenLegacy(f *testing.F) {
	for _, folder := range []string{"good", "refused"} {
		for _, b := range fixtures(f, folder) {
			if n := legacyStart(b); n > 0 {
				f.Add(b[n:])
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		b = append([]byte(legacyMagic), b...)
		tensors, err := openBytes(b)
		checkOutcome(t, b, tensors, err)
	})
}

// FuzzPickle opens an archive with whatever pickle.
func FuzzPickle(f *testing.F) {
	f.Add(goodDict)
	f.Add(emptyDict)
	for _, b := range fixtures(f, "good") {
		if n := legacyStart(b); n > 0 {
			f.Add(string(b[n:]))
		}
	}
	f.Fuzz(func(t *testing.T, pickle string) {
		b := withPickle(t, pickle)
		tensors, err := openBytes(b)
		checkOutcome(t, b, tensors, err)
	})
}
