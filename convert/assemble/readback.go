package assemble

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"os"

	"hf2olmo/convert/disk"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

// readBack reads all bytes of a file that are not a tensor's, checksums among them, and
// compares them with what was written. The kernel is asked to forget them first, so
// that they come from the disk if it can.
func readBack(out *os.File, name string, pieces []torchfile.Piece) error {
	for _, piece := range pieces {
		disk.Forget(out, piece.Offset, int64(len(piece.Data)))
		got := make([]byte, len(piece.Data))
		if _, err := out.ReadAt(got, piece.Offset); err != nil {
			return &fault.Fault{File: name, Problem: "cannot be read back: " + fault.Cause(err)}
		}
		if bytes.Equal(got, piece.Data) {
			continue
		}
		at := 0
		for got[at] == piece.Data[at] {
			at++
		}
		return &fault.Fault{File: name, Problem: fmt.Sprintf("was not read back as it was written, at byte %d",
			piece.Offset+int64(at)),
			Hint: "The disk or the memory of this machine is faulty."}
	}
	return nil
}

// A Sum identifies a large file. A SHA-256 of all of it would take longer than the copy:
// of the tensors there are the CRC-32s, which are taken on the way and are in the frame.
type Sum struct {
	Frame string // SHA-256, in hexadecimal, of all bytes that are not a tensor's, one after the other
	CRC   uint32 // of the whole file
}

// sum adds up a file of its frame and its runs, which are all of its bytes; neither is
// read again.
func (f *File) sum(frame []torchfile.Piece, crcs []uint32) Sum {
	h := sha256.New()
	s, runs := Sum{}, f.Runs
	for _, piece := range frame {
		for ; len(runs) > 0 && runs[0].Place.Offset < piece.Offset; runs, crcs = runs[1:], crcs[1:] {
			s.CRC = tensor.CombineCRC(s.CRC, crcs[0], runs[0].Place.Bytes)
		}
		h.Write(piece.Data)
		s.CRC = crc32.Update(s.CRC, crc32.IEEETable, piece.Data)
	}
	s.Frame = hex.EncodeToString(h.Sum(nil))
	return s
}
