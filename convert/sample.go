package convert

import (
	"bytes"
	"path/filepath"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/folder"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/tensor"
)

// sampleTensor is how many bytes of each tensor are looked at, at its beginning and in its middle.
const sampleTensor = 4 << 10

// makesTheSame reports whether the plan of now makes the tensors of the output that is
// there, of an earlier plan, by some bytes of each: another version of a table may say in other
// words what was said before.
func (c *Conversion) makesTheSame() (bool, error) {
	if c.earlier.Layout != folder.ManifestLayout {
		return false, nil
	}
	files, err := tensor.OpenFiles(c.Model.Tensors)
	if err != nil {
		return false, err
	}
	defer files.Close()
	gatherer := tensor.NewGatherer(files)
	for _, large := range c.large {
		out, _, err := regular.Open(filepath.Join(c.Output, filepath.FromSlash(large.Name)))
		if err != nil {
			return false, &fault.Fault{File: large.Name, Problem: "cannot be opened: " + fault.Cause(err)}
		}
		defer out.Close()
		for _, r := range large.Runs {
			content := &c.Tensors[r.Tensor].Content
			for _, at := range []int64{0, r.Place.Bytes / 2 &^ 63} {
				want := make([]byte, min(sampleTensor, r.Place.Bytes-at))
				got := make([]byte, len(want))
				if err := gatherer.Read(want, content, r.From+at); err != nil {
					return false, err
				}
				if _, err := out.ReadAt(got, r.Place.Offset+at); err != nil || !bytes.Equal(got, want) {
					return false, nil
				}
			}
		}
	}
	return true, nil
}
