package convert

import (
	"bytes"
	"fmt"
	"os"

	"hf2olmo/convert/disk"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

// readFrame reads back all bytes of a large file that are not a tensor's, checksums
// among them, and compares them with what was written. The kernel is asked to forget
// them first, so that they come from the disk where it can.
func readFrame(out *os.File, name string, pieces []torchfile.Piece) error {
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
		return &fault.Fault{File: name, Problem: fmt.Sprintf("was not read back as it was written, at byte %d", piece.Offset+int64(at)),
			Hint: "The disk or the memory of this machine is faulty."}
	}
	return nil
}

// growsTooMuch refuses a conversion that is far larger than the model.
func (c *Conversion) growsTooMuch() error {
	source, made := int64(0), int64(0)
	for _, f := range c.Model.Files {
		source += f.Size
	}
	for _, f := range c.large {
		made += f.size
	}
	if !tensor.TooLarge(made, source) {
		return nil
	}
	return &fault.Fault{File: c.weights(), Problem: fmt.Sprintf("its tensors share their bytes: the checkpoint would be more than %d times as large", tensor.MostGrowth),
		Expected: fmt.Sprintf("at most %d bytes", tensor.MostGrowth*source), Found: fmt.Sprintf("%d bytes", made),
		Hint: "Load the model with transformers, and save it with save_pretrained."}
}
