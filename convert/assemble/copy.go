package assemble

import (
	"context"
	"os"
	"sync"

	"hf2olmo/convert/disk"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/tensor"
)

// minBytes is what a worker has to copy, for it to be worth another.
const minBytes = 64 << 10

// copier is one copy of all runs to their places, shared by its workers.
type copier struct {
	*Job
	files *tensor.Files
	out   []*os.File // by the number of the file
	runs  []placed

	workers int
	cutter  tensor.Cutter
	mu      sync.Mutex
	next    piece
	sums    []uint32 // of each run: what its pieces so far contribute to it
	seen    Seen
}

// placed is a run and the number of its file.
type placed struct {
	Run
	file int
}

// piece is a range of bytes of one run.
type piece struct {
	run    int
	offset int64 // in the run
	length int64
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
	total, pieces := int64(0), int64(0)
	for _, r := range k.runs {
		total += r.Place.Bytes
		pieces += r.Place.Bytes/minBytes + 1
	}
	k.cutter, k.workers = tensor.NewCutter(k.contents(), tensor.Workers(k.Workers, pieces))
	if k.Progress != nil {
		k.Progress.Start(k.Name, Copying, total)
		defer k.Progress.Stop()
	}
	if err := tensor.Parallel(ctx, k.workers, k.take, k.worker); err != nil {
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

// take hands out the next piece, in the order of the files.
func (k *copier) take() (piece, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for k.next.run < len(k.runs) {
		size := k.runs[k.next.run].Place.Bytes
		if k.next.offset >= size {
			k.next = piece{run: k.next.run + 1}
			continue
		}
		p := k.next
		r := &k.runs[p.run]
		p.length = min(k.cutter.Length(&k.Tensors[r.Tensor].Content, r.From+p.offset), size-p.offset)
		k.next.offset += p.length
		return p, true
	}
	return piece{}, false
}

// contents are those that runs refer to.
func (k *copier) contents() []*tensor.Content {
	var all []*tensor.Content
	for i, r := range k.runs {
		if i == 0 || r.Tensor != k.runs[i-1].Tensor {
			all = append(all, &k.Tensors[r.Tensor].Content)
		}
	}
	return all
}

// maxPiece is what a worker needs room for.
func (k *copier) maxPiece() int64 {
	most := int64(0)
	for _, r := range k.runs {
		most = max(most, min(k.cutter.Most(&k.Tensors[r.Tensor].Content), r.Place.Bytes))
	}
	return most
}

// worker returns the function of a worker that copies a piece.
func (k *copier) worker(context.Context) func(piece) error {
	gatherer := tensor.NewGatherer(k.files)
	buffer := make([]byte, k.maxPiece())
	return func(p piece) error {
		if err := k.copyPiece(gatherer, p, buffer[:p.length]); err != nil {
			return err
		}
		if k.Progress != nil {
			k.Progress.Add(p.length)
		}
		return nil
	}
}

func (k *copier) copyPiece(g *tensor.Gatherer, p piece, buffer []byte) error {
	r := &k.runs[p.run]
	g.Overflows, g.Rounded = 0, 0
	if err := g.Read(buffer, &k.Tensors[r.Tensor].Content, r.From+p.offset); err != nil {
		return err
	}
	after := r.Place.Bytes - p.offset - p.length
	sum := tensor.CombineCRC(g.Sum(buffer), 0, after)
	k.seen.casts(&k.Tensors[r.Tensor], g)
	k.seen.piece(&k.Tensors[r.Tensor], r.From+p.offset, buffer, g.Overflows)
	at := r.Place.Offset + p.offset
	for _, gap := range k.gaps(r.file, at, at+p.length) {
		if _, err := k.out[r.file].WriteAt(buffer[gap.Offset-at:][:gap.Bytes], gap.Offset); err != nil {
			return k.writeFault(r.file, err)
		}
		disk.StartWriteback(k.out[r.file], gap.Offset, gap.Bytes)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.sums[p.run] ^= sum // a CRC is the sum of polynomials, in any order
	return nil
}
