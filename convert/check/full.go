package check

import (
	"archive/zip"
	"cmp"
	"context"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"hf2olmo/convert/olmo"
	"hf2olmo/convert/tensor"
)

// sliceBytes is what a worker reads at once; it divides by every element's size.
const sliceBytes = 1 << 20

// checkBytes reads every byte: the checksum of every entry of every file that
// torch.save wrote, and what is not finite, or only zeros, in the weights.
func (c *checker) checkBytes() error {
	root, err := filepath.EvalSymlinks(c.path) // WalkDir does not enter a link
	if err != nil {
		return nil
	}
	var files []string
	err = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if name, bad := filepath.Rel(root, path); err == nil && bad == nil && strings.HasSuffix(name, ".pt") {
			files = append(files, name)
		}
		return nil // what cannot be listed is told elsewhere
	})
	if err != nil {
		return err
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
func (c *checker) checkWeights() error {
	tensors, err := c.openModel()
	if err != nil {
		return nil // told by checkFiles
	}
	w := newWeights(tensors)
	if err := c.checkSums(olmo.ModelFile, w); err != nil {
		return err
	}
	return c.checkSpecial(w)
}

// parallel calls do for each of n pieces, a few at once, until the context ends.
func (c *checker) parallel(n int, do func(i int, buffer []byte) error) error {
	group, ctx := errgroup.WithContext(c.ctx)
	next := make(chan int)
	group.Go(func() error {
		defer close(next)
		for i := range n {
			select {
			case next <- i:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		return nil
	})
	for range min(runtime.GOMAXPROCS(0), 16) {
		group.Go(func() error {
			buffer := make([]byte, sliceBytes)
			for i := range next {
				if err := do(i, buffer); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// checkSums compares the CRC of every entry. A file of the older format has none.
func (c *checker) checkSums(name string, w *weights) error {
	f, info, err := c.open(name)
	if err != nil {
		return nil // told where the file is looked for
	}
	defer f.Close()
	z, err := zip.NewReader(f, info.Size())
	if err != nil {
		return nil // the older format, or told by unreadable
	}
	entries, overlap := stored(z)
	if overlap != "" {
		c.add(Finding{Gravity: c.ifRead(name), Code: "overlap", File: name, Tensor: overlap, Problem: "shares bytes with another entry of the archive, so nothing was read",
			Trainer: "No program writes such a file.", Hint: "Do not use it."})
		return nil
	}
	var mu sync.Mutex
	var bad []string
	err = c.parallel(len(entries), func(i int, buffer []byte) error {
		entry := entries[i]
		inside, dtype := w.within(entry.from, entry.to)
		sum, special, err := c.sum(io.NewSectionReader(f, entry.from, entry.to-entry.from), buffer, dtype)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		w.note(inside, dtype, special)
		if entry.CRC32 != 0 && sum != entry.CRC32 { // torch can be told to write no checksums: they are 0 then
			bad = append(bad, entry.Name)
		}
		return nil
	})
	slices.Sort(bad)
	for _, entry := range bad {
		c.add(Finding{Gravity: c.ifRead(name), Code: "checksum", File: name, Tensor: entry, Problem: "the checksum of this entry is wrong: its bytes were changed since it was saved",
			Trainer: "torch.load checks no checksum: the trainer loads the damaged bytes silently.", Hint: "Copy or download the file again."})
	}
	return err
}

// entry is an uncompressed entry of an archive, and where its bytes are in the file.
type entry struct {
	*zip.File
	from, to int64
}

// stored returns the uncompressed entries in the order of the file, or the name of one that
// shares bytes with another: a small file may claim to contain the same bytes any number of times.
func stored(z *zip.Reader) (entries []entry, overlap string) {
	for _, f := range z.File {
		from, err := f.DataOffset()
		if f.Method != zip.Store || err != nil || f.UncompressedSize64 > math.MaxInt64-uint64(from) {
			continue
		}
		entries = append(entries, entry{f, from, from + int64(f.UncompressedSize64)})
	}
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
	})
	for i := 1; i < len(entries); i++ {
		if entries[i].from < entries[i-1].to {
			return nil, entries[i].Name
		}
	}
	return entries, ""
}

// ifRead is the gravity of what is wrong with a file: of one that the trainer does not read, a warning.
func (c *checker) ifRead(name string) Gravity {
	if c.report.Kind == Unsharded && !slices.Contains([]string{olmo.ModelFile, olmo.TrainFile, optimFile, otherFile}, name) {
		return Warning
	}
	return Error
}

// sum returns the CRC of all that r holds, and what a look at its elements tells.
func (c *checker) sum(r io.Reader, buffer []byte, dtype tensor.DType) (sum uint32, special tensor.Special, err error) {
	special.Zero = true
	for {
		n, err := io.ReadFull(r, buffer)
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
