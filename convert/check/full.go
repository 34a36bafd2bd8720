package check

import (
	"context"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

// sliceBytes is what a worker reads at once; it divides by every element's size.
const sliceBytes = 1 << 20

// byteChecks read every byte of a checkpoint of allenai/OLMo.
type byteChecks struct{ *checker }

// checkBytes reads every byte: the checksum of every entry of every file that
// torch.save wrote, and what is not finite, or only zeros, in the weights.
func (c byteChecks) checkBytes() error {
	root, err := filepath.EvalSymlinks(c.dir.path) // WalkDir does not enter a link
	if err != nil {
		return nil
	}
	var files []string
	err = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if name, bad := filepath.Rel(root, path); err == nil && bad == nil && strings.HasSuffix(name, ".pt") {
			files = append(files, name)
		}
		return nil // what cannot be listed is reported elsewhere
	})
	if err != nil {
		return err
	}
	if c.opened != nil {
		return c.checkParts(files)
	}
	for _, name := range files {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		if name == olmo.ModelFile && c.report.Kind == Unsharded {
			continue
		}
		if err := c.checkSums(name, nil); err != nil {
			return err
		}
	}
	if c.report.Kind != Unsharded {
		return nil
	}
	return c.checkWeights()
}

// checkWeights reads model.pt: its checksums, and its values on the way.
func (c byteChecks) checkWeights() error {
	tensors, err := c.openModel()
	if err != nil {
		if c.torch.loaded[olmo.ModelFile] != readable {
			return nil // reported by checkFiles
		}
		c.add("unread", about{file: olmo.ModelFile}, "cause", withoutFile(err), "command", saveCommand(olmo.ModelFile, ""))
		return c.checkSums(olmo.ModelFile, nil)
	}
	w := newWeights(tensors)
	if err := c.checkSums(olmo.ModelFile, w); err != nil {
		return err
	}
	read, err := c.valuesOf(w)
	var all []readTensor
	for _, t := range w.tensors {
		all = append(all, readTensor{t.Name, len(t.Shape) > 1 && t.Numel() > 0})
	}
	c.addValues("olmo", all, read)
	return err
}

// buffers are those of the workers, of which there are many short-lived ones if files are small.
var buffers = sync.Pool{New: func() any { return new([sliceBytes]byte) }}

// parallel calls do for each of n pieces, a few at once, until the context ends.
func (c byteChecks) parallel(n int, do func(i int, buffer []byte) error) error {
	return tensor.Parallel(c.ctx, tensor.Workers(0, int64(n)), tensor.Count(n), func(context.Context) func(int) error {
		return func(i int) error {
			buffer := buffers.Get().(*[sliceBytes]byte)
			defer buffers.Put(buffer)
			return do(i, buffer[:])
		}
	})
}

// checkSums compares the CRC of every entry. A file of the older format has none.
func (c byteChecks) checkSums(name string, w *weights) error {
	f, info, err := c.dir.open(name)
	if err != nil {
		return nil // reported by the check of the file
	}
	defer f.Close()
	entries, noSums, err := torchfile.Members(f, torchfile.ArchiveSize(f, info.Size()))
	if err != nil {
		c.addArchive(name, err)
		return nil
	}
	if noSums {
		c.add("unsummed/olmo", about{file: name})
	}
	var mu sync.Mutex
	var bad []string
	err = c.parallel(len(entries), func(i int, buffer []byte) error {
		entry := &entries[i]
		inside, dtype := w.within(entry.Offset, entry.Offset+entry.Bytes)
		sum, special, err := c.sum(entry.Open(f), buffer, dtype)
		if err != nil && (!entry.Deflated || c.ctx.Err() != nil) {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		w.note(inside, dtype, special)
		if err != nil || !noSums && sum != entry.CRC {
			bad = append(bad, entry.Name)
		}
		return nil
	})
	slices.Sort(bad)
	for _, entry := range bad {
		c.add("checksum/"+c.whetherRead(name), about{file: name, tensor: entry})
	}
	return err
}

// addArchive reports an archive whose entries cannot be read one by one, unless load reported
// it already.
func (c byteChecks) addArchive(name string, err error) {
	if c.torch.loaded[name] == failed {
		return
	}
	var f *fault.Fault
	if !errors.As(err, &f) {
		f = &fault.Fault{Problem: err.Error()}
	}
	id := "archive/unread"
	if c.torch.loaded[name] == readable {
		id = "archive/read"
	}
	c.add(id, about{file: name, expected: f.Expected, found: f.Found}, "problem", f.Problem, "hint", f.Hint)
}

// whetherRead is the case of a finding about a file: that the trainer reads it, or that it does not.
func (c byteChecks) whetherRead(name string) string {
	if c.report.Kind == Unsharded && !slices.Contains([]string{olmo.ModelFile, olmo.TrainFile, optimFile,
		otherFile}, name) {
		return "unread"
	}
	return "read"
}

// progress counts bytes that were read.
func (c *checker) progress(bytes int) {
	if c.Progress != nil {
		c.Progress(int64(bytes))
	}
}

// sum returns the CRC of all of r, and what was seen of its elements.
func (c byteChecks) sum(r io.Reader, buffer []byte, dtype tensor.DType) (sum uint32, special tensor.Special,
	err error) {
	special.Zero = true
	for {
		n, err := io.ReadFull(r, buffer)
		c.progress(n)
		sum = crc32.Update(sum, crc32.IEEETable, buffer[:n])
		if size := dtype.Size(); size > 0 {
			special = special.Join(tensor.Look(buffer[:int64(n)/size*size], dtype))
		}
		switch {
		case err == io.EOF || err == io.ErrUnexpectedEOF:
			return sum, special, nil
		case err == nil:
			err = c.ctx.Err()
		}
		if err != nil {
			return 0, special, err
		}
	}
}
