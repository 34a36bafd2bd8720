package convert

import (
	"io"
	"path/filepath"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

// compareFrame compares all that model.pt holds beside the tensors' bytes, where a
// conversion wrote it: readers pass over checksums and padding, and so a bit that
// turned there would not be seen. What a trainer saved is laid out in another way.
func (v *verifier) compareFrame() error {
	if v.native.file == nil {
		return nil // every item was opened, and the index is compared with the other small files
	}
	layout, err := torchfile.Plan("model", v.stateDict())
	if err != nil {
		return err
	}
	if v.recorded == nil || layout.Size != v.native.file.Size {
		return nil
	}
	f, _, err := regular.Open(filepath.Join(v.native.folder, olmo.ModelFile))
	if err != nil {
		return &fault.Fault{File: olmo.ModelFile, Problem: "cannot be opened: " + fault.Cause(err)}
	}
	defer f.Close()
	for _, piece := range layout.Frame(v.sums()) {
		got := make([]byte, len(piece.Data))
		if _, err := f.ReadAt(got, piece.Offset); err != nil && err != io.EOF {
			return &fault.Fault{File: olmo.ModelFile, Problem: "cannot be read: " + fault.Cause(err)}
		}
		if at, _ := countDifferences(piece.Data, got, 1); at >= 0 {
			v.result.Differences = append(v.result.Differences, TensorDifference{Element: -1, Offset: piece.Offset + at,
				Problem: "the file's structure (names, checksums, padding) is not as it was written"})
			return nil
		}
	}
	return nil
}

// sums are the checksums of all tensors, in the order in which they are written.
func (v *verifier) sums() []uint32 {
	sums := make([]uint32, len(v.compared))
	for i := range v.compared {
		for j, sum := range v.compared[i].sums {
			sums[i] = tensor.CombineCRC(sums[i], sum, v.compared[i].lengths[j])
		}
	}
	return sums
}
