// Package assemble writes large files whose layout is known before a byte of them is:
// it copies the elements of tensors to their places in parallel, sums them and looks at
// their values on the way, writes what is between, syncs, and reads that back. It knows
// files, runs and tensors, and no model.
package assemble

import (
	"context"
	"os"
	"path/filepath"

	"hf2olmo/convert/disk"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

// A Job is a set of files to be made of tensors.
type Job struct {
	Name    string          // what Progress shows
	Sources []tensor.Tensor // all tensors of the files that are read, also those that are not copied
	Tensors []Tensor        // that runs refer to
	Files   []File
	Dir     string // the folder that receives the files
	Final   string // the folder as messages call it
	Workers int    // how many pieces are copied at once; 0 for as many as suits
	// Share are ranges that are to share their blocks with sources, some of Shares; Run leaves those that do. Space is
	// asked whether there is room if only these do.
	Share []Share
	Space func(shared []Share) error
	// Check is shown the values when all are copied, and may refuse them; nil accepts any.
	Check func(*Seen) error
	Progress
}

// Progress follows a copy, or other work that reads all bytes: their number at the start, then
// each piece. Add is called from many goroutines.
type Progress interface {
	Start(name string, work Work, total int64)
	Add(n int64)
	Stop()
}

// Work is what Progress follows, in words: copying, copied.
type Work struct{ Doing, Done string }

// The kinds of work.
var (
	Copying   = Work{"copying", "copied"}
	Comparing = Work{"comparing", "compared"}
	Reading   = Work{"reading", "read"}
	Syncing   = Work{"syncing", "synced"} // while the disk catches up; Add is not called
)

// A Tensor is one that is written, and what it consists of.
type Tensor struct {
	Name    string
	Shape   []int64
	Content tensor.Content
	Same    string // the tensor that it is under another name, "" for none: stored once
}

// A File is a file of which everything is known but the elements of tensors and their
// checksums.
type File struct {
	Name  string // in the folder, with slashes
	Size  int64
	Runs  []Run                                 // in rising order of their places
	Frame func(sums []uint32) []torchfile.Piece // all other bytes, from the CRC-32 of each run
}

// A Run is a range of bytes of one tensor, and where it is in a file.
type Run struct {
	Tensor int   // number in Job.Tensors
	From   int64 // bytes of the tensor before it
	Place  torchfile.Extent
}

// Run makes the files, and returns a sum of each. Sources that were changed meanwhile or
// whose checksums are wrong are an error.
func (j *Job) Run(ctx context.Context) ([]Sum, error) {
	files, err := tensor.OpenFiles(j.Sources)
	if err != nil {
		return nil, err
	}
	defer files.Close()
	out, err := j.create()
	defer func() {
		for _, f := range out {
			f.Close()
		}
	}()
	if err != nil {
		return nil, err
	}
	if err := j.share(ctx, files, out); err != nil {
		return nil, err
	}
	if err := j.reserve(ctx, out); err != nil {
		return nil, err
	}
	crcs, err := newCopier(j, files, out).run(ctx)
	if err != nil {
		return nil, err
	}
	if err := files.Unchanged(); err != nil {
		return nil, err
	}
	sums := make([]Sum, len(j.Files))
	for i := range j.Files {
		n := len(j.Files[i].Runs)
		if sums[i], err = j.finish(ctx, i, out[i], crcs[:n]); err != nil {
			return nil, err
		}
		crcs = crcs[n:]
	}
	return sums, nil
}

// create creates the files, of their sizes, and the folders that they are in. The files are
// returned also with an error.
func (j *Job) create() ([]*os.File, error) {
	var out []*os.File
	for i, f := range j.Files {
		path := filepath.Join(j.Dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return out, j.writeFault(i, err)
		}
		created, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		if err != nil {
			return out, j.writeFault(i, err)
		}
		out = append(out, created)
		if err := created.Truncate(f.Size); err != nil {
			return out, j.writeFault(i, err)
		}
	}
	return out, nil
}

// finish writes what is between the runs of a file, syncs it, and reads that back.
func (j *Job) finish(ctx context.Context, i int, out *os.File, crcs []uint32) (Sum, error) {
	f := &j.Files[i]
	frame := f.Frame(crcs)
	for _, piece := range frame {
		if _, err := out.WriteAt(piece.Data, piece.Offset); err != nil {
			return Sum{}, j.writeFault(i, err)
		}
	}
	if err := j.sync(ctx, out, f.Size); err != nil {
		return Sum{}, j.diskFault(ctx, i, err)
	}
	return f.sum(frame, crcs), readBack(out, filepath.Join(j.Final, f.Name), frame)
}

// sync waits until a file is on the disk.
func (j *Job) sync(ctx context.Context, out *os.File, size int64) error {
	if j.Progress != nil {
		j.Progress.Start(j.Name, Syncing, size)
		defer j.Progress.Stop()
	}
	return disk.SyncFile(ctx, out, size)
}

// writeFault is the fault of a file that cannot be written.
func (j *Job) writeFault(i int, err error) error {
	return fault.Output(filepath.Join(j.Final, j.Files[i].Name), "cannot be written", err)
}

// diskFault is writeFault, but for a program that was stopped.
func (j *Job) diskFault(ctx context.Context, i int, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return j.writeFault(i, err)
}
