package convert

import (
	"crypto/sha256"
	"encoding/hex"
	"hash/crc32"

	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

// A sum tells a large file from others. A SHA-256 of all of it would take longer than the copy: of the
// tensors there are the CRC-32s, which are taken on the way and stand in the frame.
type sum struct {
	frame string // SHA-256 of all bytes that are not a tensor's, one after the other
	crc   uint32 // of the whole file
}

// sum adds up a file of its frame and its runs, which are all of its bytes; neither is
// read again.
func (f *file) sum(frame []torchfile.Piece, crcs []uint32) sum {
	h := sha256.New()
	s, runs := sum{}, f.runs
	for _, piece := range frame {
		for ; len(runs) > 0 && runs[0].place.Offset < piece.Offset; runs, crcs = runs[1:], crcs[1:] {
			s.crc = tensor.CombineCRC(s.crc, crcs[0], runs[0].place.Bytes)
		}
		h.Write(piece.Data)
		s.crc = crc32.Update(s.crc, crc32.IEEETable, piece.Data)
	}
	s.frame = hex.EncodeToString(h.Sum(nil))
	return s
}
