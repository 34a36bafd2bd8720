package convert

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
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
	folder, err := olmo.Create(ctx, c.Output, c.options.Force, c.options.Waiting)
	if err != nil {
		return c.afterOthers(start, err)
	}
	if err := c.fill(ctx, folder); err != nil {
		folder.Discard()
		return nil, err
	}
	return c.result(start), nil
}

// afterOthers looks again at an output that was free a moment ago: another process
// may have made it meanwhile, of the same.
func (c *Conversion) afterOthers(start time.Time, err error) (*Result, error) {
	if c.options.Force {
		return nil, err
	}
	if c.earlier = olmo.ReadManifest(c.Output); c.earlier == nil {
		return nil, err
	}
	if err := c.recognise(); err != nil {
		return nil, err
	}
	return c.result(start), nil
}

func (c *Conversion) fill(ctx context.Context, folder *olmo.Folder) error {
	if err := c.writeModel(ctx, filepath.Join(folder.Temp, olmo.ModelFile)); err != nil {
		return err
	}
	for name, data := range c.files {
		if err := folder.WriteFile(name, data); err != nil {
			return err
		}
	}
	if c.Model.Tokenizer != nil {
		if err := copyTokenizer(folder, c.Model.Tokenizer.Path); err != nil {
			return err
		}
	}
	record, err := c.record(folder.Temp)
	if err != nil {
		return err
	}
	if err := folder.WriteFile(olmo.ManifestFile, record); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return folder.Commit()
}

// enoughSpace refuses before anything is written that the disk cannot hold.
func (c *Conversion) enoughSpace() error {
	free, known := olmo.FreeSpace(c.Output)
	if known && free < c.Bytes() {
		return &fault.Fault{File: c.Output, Problem: "too little space on the disk",
			Expected: fmt.Sprintf("%d bytes", c.Bytes()), Found: fmt.Sprintf("%d bytes free", free),
			Hint: "Choose an --output on another disk, or a smaller --dtype."}
	}
	return nil
}

func copyTokenizer(folder *olmo.Folder, path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return &fault.Fault{File: path, Problem: "cannot be read: " + fault.Cause(err)}
	}
	return folder.WriteFile(olmo.TokenizerFile, data)
}

// writeModel writes model.pt, syncs it, and reads its headers back.
func (c *Conversion) writeModel(ctx context.Context, path string) error {
	out, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return c.writeFault(err)
	}
	defer out.Close()
	if err := reserve(ctx, out, c.layout.Size); err != nil {
		return c.diskFault(ctx, err)
	}
	files, err := tensor.OpenFiles(c.Model.Tensors)
	if err != nil {
		return err
	}
	defer files.Close()
	sums, err := c.copyTensors(ctx, files, out)
	if err != nil {
		return err
	}
	if err := files.Unchanged(); err != nil {
		return err
	}
	for _, piece := range c.layout.Frame(sums) {
		if _, err := out.WriteAt(piece.Data, piece.Offset); err != nil {
			return c.writeFault(err)
		}
	}
	if err := syncFile(ctx, out, c.layout.Size); err != nil {
		return c.diskFault(ctx, err)
	}
	return c.readBack(out, path)
}

func (c *Conversion) writeFault(err error) error {
	return &fault.Fault{File: filepath.Join(c.Output, olmo.ModelFile), Problem: "cannot be written: " + fault.Cause(err)}
}

// diskFault is writeFault, but for a program that was stopped.
func (c *Conversion) diskFault(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return c.writeFault(err)
}

// readBack opens what was written as any reader would, and compares it with the plan.
func (c *Conversion) readBack(out *os.File, path string) error {
	info, err := out.Stat()
	if err != nil {
		return c.writeFault(err)
	}
	file := &tensor.File{Path: path, Name: olmo.ModelFile, Size: info.Size(), ModTime: info.ModTime()}
	written, err := torchfile.Open(out, file)
	if err != nil {
		return fmt.Errorf("the file just written cannot be read back: %w", err)
	}
	byName := map[string]*tensor.Tensor{}
	for i := range written {
		byName[written[i].Name] = &written[i]
	}
	for i, t := range c.Tensors {
		w := byName[t.Name]
		if w == nil || w.DType != t.Content.DType || !slices.Equal(w.Shape, t.Shape) || w.Offset != c.layout.Storages[i].Offset {
			return &fault.Fault{File: path, Tensor: t.Name, Problem: "was not read back as it was written"}
		}
	}
	if len(written) != len(c.Tensors) {
		return &fault.Fault{File: path, Problem: "holds another number of tensors than were written"}
	}
	return nil
}

// assemble returns a whole file that has no storages.
func assemble(l *torchfile.Layout) []byte {
	data := make([]byte, l.Size)
	for _, piece := range l.Frame(nil) {
		copy(data[piece.Offset:], piece.Data)
	}
	return data
}
