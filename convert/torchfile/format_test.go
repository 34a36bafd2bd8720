package torchfile_test

import (
	"bytes"
	"slices"
)

// The format, as in PKWARE's APPNOTE and torch/serialization.py.
const (
	zipMagic           = "PK\x03\x04"
	centralHeaderMagic = 0x02014b50
	endSize            = 22
	centralHeaderSize  = 46
	zip64EndSize       = 56
	zip64LocatorSize   = 20
	full16             = 1<<16 - 1
	full32             = 1<<32 - 1
	dataAlignment      = 64

	legacyMagic = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
)

// More than is read.
const (
	maxStack   = 256_000
	maxObjects = 1_000_000
	maxBuilds  = 16
)

// legacyStart returns the length of the magic number's pickle, 0 if there is none.
func legacyStart(b []byte) int {
	for _, end := range []string{"L119547037146038801333356L\n.", legacyMagic[3:]} {
		if at := bytes.Index(b[:min(len(b), 40)], []byte(end)); slices.Contains([]int{0, 3, 12}, at) {
			return at + len(end)
		}
	}
	return 0
}
