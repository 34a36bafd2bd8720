package output

import (
	"context"
	"errors"

	"github.com/dustin/go-humanize"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/disk"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/folder"
)

// Write makes the folder. It appears whole, or not at all. One that is there already and
// unchanged is left alone.
func (o *Output) Write(ctx context.Context, c *Content) (warnings []string, err error) {
	if o.Unchanged {
		return nil, nil
	}
	share, err := o.share(c)
	if err != nil {
		return nil, err
	}
	if err := o.enoughSpace(c, share); err != nil {
		return nil, err
	}
	f, err := folder.Create(ctx, o.place, o.options.Waiting)
	if err != nil {
		return o.afterOthers(c, err)
	}
	if err := o.fill(ctx, f, c, share); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx) // whatever it was that stopped
		}
		return nil, errors.Join(err, f.Discard())
	}
	for _, backup := range f.Backups {
		warnings = append(warnings, fault.Printable(o.Path+": "+backup))
	}
	var left fault.List
	left.Add("", f.Left())
	for _, l := range left {
		warnings = append(warnings, fault.Printable("the output is complete, but "+l.Error()))
	}
	return warnings, nil
}

// afterOthers looks again at an output that was free a moment ago: another process may have
// made it meanwhile, from the same.
func (o *Output) afterOthers(c *Content, err error) ([]string, error) {
	if o.options.Force {
		return nil, err
	}
	if o.Existing = folder.ReadManifest(o.Path); o.Existing == nil {
		return nil, err
	}
	return o.CheckExisting(c)
}

// fill writes the files into the temporary folder, the manifest last, and renames it.
func (o *Output) fill(ctx context.Context, f *folder.Folder, c *Content, share []assemble.Share) error {
	job := o.job(c)
	job.Dir, job.Share = f.Temp, share
	sums, err := job.Run(ctx)
	if err != nil {
		return err
	}
	o.Shared = assemble.Shared(job.Share)
	for _, small := range c.Small {
		if err := writeSmall(f, &small); err != nil {
			return err
		}
	}
	if c.ReadBack != nil {
		if err := c.ReadBack(f.Temp); err != nil {
			return err
		}
	}
	kept, err := f.Keep(ctx)
	if err != nil {
		return err
	}
	record, err := o.record(c, f.Temp, sums, kept)
	if err != nil {
		return err
	}
	if err := f.WriteFile(folder.ManifestFile, record); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return f.Commit(ctx)
}

// writeSmall writes a small file.
func writeSmall(f *folder.Folder, small *Small) error {
	from, err := small.Open()
	if err != nil {
		return err
	}
	defer from.Close()
	return f.CopyFile(small.Name, from)
}

// enoughSpace refuses before anything is written that the disk cannot hold, but for what is shared.
func (o *Output) enoughSpace(c *Content, shared []assemble.Share) error {
	need := c.Bytes() - assemble.Shared(shared)
	free, known := disk.FreeSpace(o.Path)
	if known && free < need {
		return &fault.Fault{File: o.Path, Problem: "too little space on the disk",
			Expected: humanize.Bytes(uint64(need)), Found: humanize.Bytes(uint64(free)) + " free",
			Hint: "Choose an --output on another disk, or a smaller --dtype."}
	}
	return nil
}
