package assemble

import (
	"cmp"
	"context"
	"os"
	"slices"

	"hf2olmo/convert/disk"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

// A Share is a range of a file that has whole blocks of a source as they are, and can share them on the disk.
type Share struct {
	File  int              // number in Job.Files
	Place torchfile.Extent // multiples of tensor.ShareBlock
	Span  tensor.Span      // the same bytes in the source
}

// leastShare is what is worth a record of its own on the disk, in bytes.
const leastShare = 64 << 10

// Shares returns the ranges that could share the blocks of sources, in rising order of files and places: those
// that are at the same place of a block in both.
func (j *Job) Shares() []Share {
	var all []Share
	for i, f := range j.Files {
		for _, r := range f.Runs {
			var last tensor.Span
			add := func() {
				if s, ok := r.share(last); ok {
					s.File = i
					all = append(all, s)
				}
			}
			j.Tensors[r.Tensor].Content.Spans(func(s tensor.Span) {
				if last.File == s.File && last.At+last.Bytes == s.At && last.Offset+last.Bytes == s.Offset {
					last.Bytes += s.Bytes
					return
				}
				add()
				last = s
			})
			add()
		}
	}
	return all
}

// share returns the whole blocks of a run that are in a span.
func (r *Run) share(s tensor.Span) (Share, bool) {
	const block = tensor.ShareBlock
	from, to := max(s.At, r.From), min(s.At+s.Bytes, r.From+r.Place.Bytes)
	at, source := r.Place.Offset-r.From, s.Offset-s.At // of the tensor's first byte
	if (at-source)%block != 0 {
		return Share{}, false
	}
	from = (at+from+block-1)/block*block - at
	to = (at+to)/block*block - at
	if to-from < leastShare {
		return Share{}, false
	}
	return Share{Place: torchfile.Extent{Offset: at + from, Bytes: to - from},
		Span: tensor.Span{At: from, File: s.File, Offset: source + from, Bytes: to - from}}, true
}

// Shared returns the bytes of all shares together.
func Shared(shares []Share) int64 {
	n := int64(0)
	for _, s := range shares {
		n += s.Place.Bytes
	}
	return n
}

// share shares blocks with the sources. Those that cannot be shared after all are copied, if there is space: then Space
// is asked for it.
func (j *Job) share(ctx context.Context, files *tensor.Files, out []*os.File) error {
	var done []Share
	for _, s := range j.Share {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if files.Clone(out[s.File], s.Place.Offset, s.Span) == nil {
			done = append(done, s)
		}
	}
	refused := len(done) < len(j.Share)
	if j.Share = done; refused {
		return j.Space(done)
	}
	return nil
}

// reserve takes the space of what is not shared in the files.
func (j *Job) reserve(ctx context.Context, out []*os.File) error {
	for i, f := range j.Files {
		for _, gap := range j.gaps(i, 0, f.Size) {
			if err := disk.Reserve(ctx, out[i], gap.Offset, gap.Bytes); err != nil {
				return j.diskFault(ctx, i, err)
			}
		}
	}
	return nil
}

// gaps returns what is not shared of a range of a file.
func (j *Job) gaps(file int, from, to int64) []torchfile.Extent {
	var gaps []torchfile.Extent
	first, _ := slices.BinarySearchFunc(j.Share, file, func(s Share, file int) int {
		return cmp.Or(cmp.Compare(s.File, file), cmp.Compare(s.Place.Offset+s.Place.Bytes, from+1))
	})
	for _, s := range j.Share[first:] {
		if s.File != file || s.Place.Offset >= to {
			break
		}
		if s.Place.Offset > from {
			gaps = append(gaps, torchfile.Extent{Offset: from, Bytes: s.Place.Offset - from})
		}
		from = s.Place.Offset + s.Place.Bytes
	}
	if from < to {
		gaps = append(gaps, torchfile.Extent{Offset: from, Bytes: to - from})
	}
	return gaps
}
