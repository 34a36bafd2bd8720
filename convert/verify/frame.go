package verify

import (
	"cmp"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/folder"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

// cutFiles finds out where each tensor should be in the files, in one run or several.
func (v *verifier) cutFiles() error {
	var err error
	if v.large, err = v.layOut(); err != nil {
		return err
	}
	cuts := map[int][]int64{}
	for _, f := range v.large {
		for _, r := range f.Runs {
			cuts[r.Tensor] = append(cuts[r.Tensor], r.From)
		}
	}
	for i := range v.compared {
		v.compared[i].cuts = cuts[v.compared[i].tensor]
	}
	return nil
}

// compareFrames compares everything in the files besides the tensors' bytes. Each archive must
// be sound, so that no reader finds other tensors in it. What convert wrote must also be there
// bit for bit: readers ignore most of the padding and the directory.
func (v *verifier) compareFrames() error {
	if err := v.checkFrames(); err != nil || len(v.result.Differences) > 0 || !v.asConverted() {
		return err
	}
	for _, f := range v.large {
		if err := v.compareLarge(f); err != nil {
			return err
		}
	}
	return nil
}

// checkFrames checks that every archive is built as torch.save builds it.
func (v *verifier) checkFrames() error {
	var file *os.File
	defer func() { file.Close() }()
	for i, a := range v.found.archives {
		if i == 0 || a.File != v.found.archives[i-1].File {
			file.Close()
			var err error
			if file, _, err = regular.Open(a.File.Path); err != nil {
				return &fault.Fault{File: a.File.Name, Problem: "cannot be opened: " + fault.Cause(err)}
			}
		}
		err := torchfile.CheckFrame(io.NewSectionReader(file, a.Offset, a.Bytes), a.Bytes)
		var wrong *torchfile.FrameError
		switch {
		case errors.As(err, &wrong):
			v.frameDiffers(a.File.Name, a.Offset+wrong.Offset, wrong.Problem)
		case err != nil:
			return &fault.Fault{File: a.File.Name, Problem: "cannot be read: " + fault.Cause(err)}
		}
	}
	return nil
}

// asConverted reports whether the files are those that convert writes of this source: what torch saved, or was
// converted from files in which the tensors lie otherwise, has a different size, or the tensors at different offsets.
func (v *verifier) asConverted() bool {
	if v.layOut == nil || v.recorded != nil && v.recorded.Layout > folder.ManifestLayout || len(v.structural) > 0 {
		return false
	}
	found := map[int]*tensor.Content{}
	for i := range v.compared {
		found[v.compared[i].tensor] = v.compared[i].found
	}
	for _, f := range v.large {
		info, err := os.Stat(v.inFolder(f.Name))
		if err != nil || info.Size() != f.Size {
			return false
		}
		for _, r := range f.Runs {
			if r.Place.Bytes == 0 {
				continue
			}
			t := found[r.Tensor].Parts[0]
			if _, at := t.ByteOf(r.From / t.DType.Size()); at != r.Place.Offset {
				return false
			}
		}
	}
	return true
}

// compareLarge compares a file that convert wrote, apart from its tensors.
func (v *verifier) compareLarge(f assemble.File) error {
	in, _, err := regular.Open(v.inFolder(f.Name))
	if err != nil {
		return &fault.Fault{File: f.Name, Problem: "cannot be opened: " + fault.Cause(err)}
	}
	defer in.Close()
	for _, piece := range f.Frame(v.sums(f)) {
		got := make([]byte, len(piece.Data))
		if _, err := in.ReadAt(got, piece.Offset); err != nil && err != io.EOF {
			return &fault.Fault{File: f.Name, Problem: "cannot be read: " + fault.Cause(err)}
		}
		if at, _ := countDifferences(piece.Data, got, 1); at >= 0 {
			v.frameDiffers(f.Name, piece.Offset+at, "the file's structure (names, checksums, padding) differs from "+
				"what was written")
			return nil
		}
	}
	return nil
}

func (v *verifier) frameDiffers(file string, at int64, problem string) {
	d := TensorDifference{File: file, Element: -1, Offset: at, Problem: problem}
	v.result.Differences = append(v.result.Differences, d)
}

func (v *verifier) inFolder(name string) string {
	return filepath.Join(v.found.dir, filepath.FromSlash(name))
}

// segment is a range of bytes of a tensor, and its checksum.
type segment struct {
	from, length int64
	sum          uint32
}

// sums are the checksums of the runs of a file, in their order.
func (v *verifier) sums(f assemble.File) []uint32 {
	byTensor := map[int]*comparison{}
	for i := range v.compared {
		byTensor[v.compared[i].tensor] = &v.compared[i]
	}
	sums := make([]uint32, len(f.Runs))
	for i, r := range f.Runs {
		segments := byTensor[r.Tensor].segments
		first, _ := slices.BinarySearchFunc(segments, r.From, func(s segment, from int64) int {
			return cmp.Compare(s.from, from)
		})
		for _, s := range segments[first:] {
			if s.from >= r.From+r.Place.Bytes {
				break
			}
			sums[i] = tensor.CombineCRC(sums[i], s.sum, s.length)
		}
	}
	return sums
}
