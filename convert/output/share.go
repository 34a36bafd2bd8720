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
	all := o.job(c).Shares()
	if o.options.NoClone || len(all) == 0 {
		return nil, nil
	}
	files, err := tensor.OpenFiles(c.Sources)
	if err != nil {
		return nil, err
	}
	defer files.Close()
	can := map[*tensor.File]bool{}
	for _, s := range all {
		if _, tried := can[s.Span.File]; !tried {
			can[s.Span.File] = files.CanClone(o.Path, s.Span)
		}
	}
	return slices.DeleteFunc(all, func(s assemble.Share) bool { return !can[s.Span.File] }), nil
}
