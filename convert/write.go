package convert

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"hf2olmo/convert/disk"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/folder"
	"hf2olmo/convert/tensor"
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

// writeLarge makes the large files in a folder: it copies the tensors into them, writes
// what stands between, and syncs them.
func (c *Conversion) writeLarge(ctx context.Context, dir string) ([]sum, error) {
	out, err := c.createLarge(ctx, dir)
	defer func() {
		for _, f := range out {
			f.Close()
		}
	}()
	if err != nil {
		return nil, err
	}
	files, err := tensor.OpenFiles(c.Model.Tensors)
	if err != nil {
		return nil, err
	}
	defer files.Close()
	crcs, err := c.copyRuns(ctx, files, out)
	if err != nil {
		return nil, err
	}
	if err := files.Unchanged(); err != nil {
		return nil, err
	}
	sums := make([]sum, len(c.large))
	for i, f := range c.large {
		n := len(f.runs)
		frame := f.frame(crcs[:n])
		for _, piece := range frame {
			if _, err := out[i].WriteAt(piece.Data, piece.Offset); err != nil {
				return nil, c.writeFault(i, err)
			}
		}
		sums[i] = f.sum(frame, crcs[:n])
		crcs = crcs[n:]
		if err := disk.SyncFile(ctx, out[i], f.size); err != nil {
			return nil, c.diskFault(ctx, i, err)
		}
		if err := readFrame(out[i], filepath.Join(c.Output, f.name), frame); err != nil {
			return nil, err
		}
	}
	return sums, nil
}

// createLarge creates the large files and the folders that they stand in, and takes
// their space. The files are returned also with an error.
func (c *Conversion) createLarge(ctx context.Context, dir string) ([]*os.File, error) {
	var out []*os.File
	for i, f := range c.large {
		path := filepath.Join(dir, filepath.FromSlash(f.name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return out, c.writeFault(i, err)
		}
		created, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		if err != nil {
			return out, c.writeFault(i, err)
		}
		out = append(out, created)
		if err := disk.Reserve(ctx, created, f.size); err != nil {
			return out, c.diskFault(ctx, i, err)
		}
	}
	return out, nil
}

// writeFault is the fault of a large file that cannot be written.
func (c *Conversion) writeFault(i int, err error) error {
	return fault.Output(filepath.Join(c.Output, c.large[i].name), "cannot be written", err)
}

// diskFault is writeFault, but for a program that was stopped.
func (c *Conversion) diskFault(ctx context.Context, i int, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return c.writeFault(i, err)
}
