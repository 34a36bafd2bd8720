package output

import (
	"slices"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/tensor"
)

// job is the copy of the large files.
func (o *Output) job(c *Content) *assemble.Job {
	return &assemble.Job{Name: c.Title, Sources: c.Sources, Tensors: c.Tensors, Files: c.Large, Final: o.Path,
		Workers: o.options.Jobs, Progress: o.options.Progress, Check: c.CheckValues,
		Space: func(shared []assemble.Share) error { return o.enoughSpace(c, shared) }}
}

// share returns what can share the blocks of its sources: one of each source is tried.
func (o *Output) share(c *Content) ([]assemble.Share, error) {
	return o.shares(c, (*tensor.Files).CanClone)
}

// Shareable returns how many bytes of a content could share the blocks of their sources, as far as that is known
// without writing.
func (o *Output) Shareable(c *Content) int64 {
	shares, err := o.shares(c, (*tensor.Files).MayClone)
	if err != nil {
		return 0 // a source that has changed, which a run would report
	}
	return assemble.Shared(shares)
}

// shares returns the ranges whose sources can share a block with the output.
func (o *Output) shares(c *Content, can func(*tensor.Files, string, tensor.Span) bool) ([]assemble.Share, error) {
	all := o.job(c).Shares()
	if o.options.NoClone || len(all) == 0 {
		return nil, nil
	}
	files, err := tensor.OpenFiles(c.Sources)
	if err != nil {
		return nil, err
	}
	defer files.Close()
	known := map[*tensor.File]bool{}
	for _, s := range all {
		if _, tried := known[s.Span.File]; !tried {
			known[s.Span.File] = can(files, o.Path, s.Span)
		}
	}
	return slices.DeleteFunc(all, func(s assemble.Share) bool { return !known[s.Span.File] }), nil
}
