package assemble

import (
	"context"
	"os"
	"sync"

	"hf2olmo/convert/disk"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/tensor"
)

// copier is one copy of all runs to their places, shared by its workers.
type copier struct {
	*Job
	files *tensor.Files
	out   []*os.File // by the number of the file
	runs  []placed

	mu   sync.Mutex
	sums []uint32 // of each run: what its pieces so far contribute to it
	seen Seen
}

// placed is a run and the number of its file.
type placed struct {
	Run
	file int
}

func newCopier(j *Job, files *tensor.Files, out []*os.File) *copier {
	k := &copier{Job: j, files: files, out: out, seen: newSeen()}
	for i, f := range j.Files {
		for _, r := range f.Runs {
			k.runs = append(k.runs, placed{r, i})
		}
	}
	k.sums = make([]uint32, len(k.runs))
	return k
}

// run copies every run and returns each one's CRC-32.
func (k *copier) run(ctx context.Context) ([]uint32, error) {
	total, ranges := int64(0), make([]tensor.Range, len(k.runs))
	for i, r := range k.runs {
		total += r.Place.Bytes
		ranges[i] = tensor.Range{Of: &k.Tensors[r.Tensor].Content, From: r.From, Bytes: r.Place.Bytes}
	}
	if k.Progress != nil {
		k.Progress.Start(k.Name, Copying, total)
		defer k.Progress.Stop()
	}
	visitor := func() tensor.Visitor { return k.copyPiece }
	if err := tensor.SweepRanges(ctx, k.files, ranges, k.Workers, visitor); err != nil {
		return nil, err
	}
	damaged := k.files.CheckRecords(ctx)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err := k.files.Unchanged(); err != nil { // which is why, if anything is damaged
		return nil, err
	}
	var faults fault.List
	faults.Add("", damaged)
	if k.Check != nil {
		faults.Add("", k.Check(&k.seen))
	}
	return k.sums, faults.Err()
}

// copyPiece writes a piece of a run, and notes its sum and what is seen in it.
func (k *copier) copyPiece(g *tensor.Gatherer, p tensor.Piece, data []byte) error {
	r := &k.runs[p.Content]
	k.seen.piece(&k.Tensors[r.Tensor], p.Offset, data, g)
	at := r.Place.Offset + p.Offset - r.From
	sum := tensor.CombineCRC(g.Sum(data), 0, r.Place.Offset+r.Place.Bytes-at-p.Length)
	for _, gap := range k.gaps(r.file, at, at+p.Length) {
		if err := k.write(r.file, data[gap.Offset-at:][:gap.Bytes], gap.Offset); err != nil {
			return k.writeFault(r.file, err)
		}
	}
	k.mu.Lock()
	k.sums[p.Content] ^= sum // a CRC is the sum of polynomials, in any order
	k.mu.Unlock()
	if k.Progress != nil {
		k.Progress.Add(p.Length)
	}
	return nil
}

// writeBytes is how much is written at once. For more, Linux takes larger pages into its cache, of memory that a
// virtual machine has often given back to its host: writing to it then takes several times as long.
const writeBytes = 1 << 20

// write writes data at a place of a file.
func (k *copier) write(file int, data []byte, at int64) error {
	for len(data) > 0 {
		n := min(len(data), writeBytes)
		if _, err := k.out[file].WriteAt(data[:n], at); err != nil {
			return err
		}
		disk.StartWriteback(k.out[file], at, int64(n))
		data, at = data[n:], at+int64(n)
	}
	return nil
}
