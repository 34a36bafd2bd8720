package assemble

import (
	"context"
	"os"
	"sync"

	"hf2olmo/convert/disk"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/tensor"
)

// Each worker copies one piece at a time, so its memory does not grow with the model.
// Pieces are small enough for a processor's cache, which they pass four times: read,
// summed, looked through for what is not finite, written. Transposed matrices are read
// in short runs, longer the larger the piece.
const (
	pieceBytes   = 1 << 20
	stridedBytes = 8 << 20
	minBytes     = 64 << 10
	allBytes     = 24 << 20 // of all workers' pieces together
)

// copier is one copy of all runs to their places, shared by its workers.
type copier struct {
	*Job
	files *tensor.Files
	out   []*os.File // by the number of the file
	runs  []placed

	workers int
	mu      sync.Mutex
	next    piece
	sums    [][]uint32 // of each run's pieces, in order
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
	k.sums = make([][]uint32, len(k.runs))
	return k
}

// run copies every run and returns each one's CRC-32.
func (k *copier) run(ctx context.Context) ([]uint32, error) {
	total, pieces := int64(0), int64(0)
	for _, r := range k.runs {
		total += r.Place.Bytes
		pieces += r.Place.Bytes/minBytes + 1
	}
	k.workers = tensor.Workers(k.Workers, pieces)
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
	return k.combine(), faults.Err()
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
		p.length = min(k.pieceSize(p.run), size-p.offset)
		k.next.offset += p.length
		k.sums[p.run] = append(k.sums[p.run], 0)
		return p, true
	}
	return piece{}, false
}

// pieceSize is the same for all pieces of a run but the last. Those of a strided tensor
// are whole rows if these are not longer than a piece may be, for only whole rows are
// transposed fast.
func (k *copier) pieceSize(i int) int64 {
	t := &k.Tensors[k.runs[i].Tensor]
	share := max(allBytes/int64(k.workers)&^63, minBytes)
	if !t.Content.Strided() {
		return min(pieceBytes, share)
	}
	size := min(stridedBytes, share)
	if len(t.Shape) == 2 {
		if row := t.Shape[1] * t.Content.DType.Size(); 0 < row && row <= size {
			return size / row * row
		}
	}
	return size
}

// maxPiece is what a worker needs room for.
func (k *copier) maxPiece() int64 {
	most := int64(0)
	for i, r := range k.runs {
		most = max(most, min(k.pieceSize(i), r.Place.Bytes))
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
	g.Overflows = 0
	if err := g.Read(buffer, &k.Tensors[r.Tensor].Content, r.From+p.offset); err != nil {
		return err
	}
	sum := g.Sum(buffer)
	k.seen.piece(&k.Tensors[r.Tensor], r.From+p.offset, buffer, g.Overflows)
	at := r.Place.Offset + p.offset
	if _, err := k.out[r.file].WriteAt(buffer, at); err != nil {
		return k.writeFault(r.file, err)
	}
	disk.StartWriteback(k.out[r.file], at, p.length)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.sums[p.run][p.offset/k.pieceSize(p.run)] = sum
	return nil
}

// combine makes one CRC of each run's pieces.
func (k *copier) combine() []uint32 {
	sums := make([]uint32, len(k.runs))
	for i, pieces := range k.sums {
		size, done := k.pieceSize(i), int64(0)
		for _, sum := range pieces {
			n := min(size, k.runs[i].Place.Bytes-done)
			sums[i] = tensor.CombineCRC(sums[i], sum, n)
			done += n
		}
	}
	return sums
}
