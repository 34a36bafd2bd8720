package convert

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/disk"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/folder"
)

// Write makes the checkpoint folder. It appears whole, or not at all. One that is
// there already, complete and made of the same, is left alone.
func (c *Conversion) Write(ctx context.Context) (*Result, error) {
	start := time.Now()
	if c.Unchanged {
		return c.result(start), nil
	}
	if err := c.enoughSpace(); err != nil {
		return nil, err
	}
	f, err := folder.Create(ctx, c.at, c.options.Waiting)
	if err != nil {
		return c.afterOthers(start, err)
	}
	if err := c.fill(ctx, f); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx) // whatever it was that stopped
		}
		return nil, errors.Join(err, f.Discard())
	}
	for _, backup := range f.Backups {
		c.warn("%s: %s", c.Output, backup)
	}
	var left fault.List
	left.Add("", f.Left())
	for _, l := range left {
		c.warn("the output is complete, but %s", l)
	}
	return c.result(start), nil
}

// afterOthers looks again at an output that was free a moment ago: another process
// may have made it meanwhile, of the same.
func (c *Conversion) afterOthers(start time.Time, err error) (*Result, error) {
	if c.options.Force {
		return nil, err
	}
	if c.earlier = folder.ReadManifest(c.Output); c.earlier == nil {
		return nil, err
	}
	if err := c.recognise(); err != nil {
		return nil, err
	}
	return c.result(start), nil
}

func (c *Conversion) fill(ctx context.Context, f *folder.Folder) error {
	sums, err := c.writeLarge(ctx, f.Temp)
	if err != nil {
		return err
	}
	for _, small := range c.small {
		if err := f.WriteFile(small.name, small.data); err != nil {
			return err
		}
	}
	if err := c.trainer.readBack(c, f.Temp); err != nil {
		return err
	}
	kept, err := f.Keep(ctx)
	if err != nil {
		return err
	}
	record, err := c.record(f.Temp, sums, kept)
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

// enoughSpace refuses before anything is written that the disk cannot hold.
func (c *Conversion) enoughSpace() error {
	free, known := disk.FreeSpace(c.Output)
	if known && free < c.Bytes() {
		return &fault.Fault{File: c.Output, Problem: "too little space on the disk",
			Expected: fmt.Sprintf("%d bytes", c.Bytes()), Found: fmt.Sprintf("%d bytes free", free),
			Hint: "Choose an --output on another disk, or a smaller --dtype."}
	}
	return nil
}

// writeLarge makes the files with the tensors in a folder.
func (c *Conversion) writeLarge(ctx context.Context, dir string) ([]assemble.Sum, error) {
	job := assemble.Job{Name: c.Model.Name, Sources: c.Model.Tensors, Files: c.large, Dir: dir, Final: c.Output,
		Workers: c.options.Jobs, Progress: c.options.Progress, Check: c.checkValues}
	for _, t := range c.Tensors {
		job.Tensors = append(job.Tensors, assemble.Tensor{Name: t.Name, Shape: t.Shape, Content: t.Content})
	}
	return job.Run(ctx)
}
