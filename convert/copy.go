package convert

import (
	"context"
	"os"
	"sync"

	"golang.org/x/sync/errgroup"

	"hf2olmo/convert/disk"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/tensor"
)

// Progress is told of a copy: its size in bytes at the start, then of each piece.
// Add is called from many goroutines.
type Progress interface {
	Start(name string, total int64)
	Add(n int64)
	Stop()
}

// Pieces are copied one a worker, so what a worker holds does not grow with the
// model. They are small enough for a processor's cache, which they pass four times:
// read, summed, looked through for what is not finite, written. Turned matrices are read in short
// runs, longer the larger the piece.
const (
	pieceBytes   = 1 << 20
	stridedBytes = 8 << 20
	leastBytes   = 64 << 10
	allBytes     = 24 << 20 // of all workers' pieces together
)

// copier is one copy of all runs into their places, shared by its workers.
type copier struct {
	*Conversion
	files *tensor.Files
	out   []*os.File // by the number of the file
	runs  []run
	jobs  int

	mu   sync.Mutex
	next piece
	sums [][]uint32 // of each run's pieces, in order
	seen seen
}

// piece is a range of bytes of one run.
type piece struct {
	run    int
	offset int64 // in the run
	length int64
}

// copyRuns copies every run to its place in out and returns each one's CRC-32. It refuses
// files that were changed meanwhile or whose checksums are wrong, and NaN.
func (c *Conversion) copyRuns(ctx context.Context, files *tensor.Files, out []*os.File) ([]uint32, error) {
	k := &copier{Conversion: c, files: files, out: out, runs: c.runs(),
		seen: seen{parts: map[string]values{}, over: map[string]int64{}}}
	k.sums = make([][]uint32, len(k.runs))
	pieces := int64(0)
	for _, r := range k.runs {
		pieces += r.place.Bytes/leastBytes + 1
	}
	k.jobs = tensor.Workers(c.options.Jobs, pieces)
	if p := c.options.Progress; p != nil {
		total := int64(0)
		for _, r := range k.runs {
			total += r.place.Bytes
		}
		p.Start(c.Model.Name, total)
		defer p.Stop()
	}
	group, working := errgroup.WithContext(ctx)
	for range k.jobs {
		group.Go(func() error { return k.work(working) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	damaged := files.CheckRecords(ctx)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err := files.Unchanged(); err != nil { // which is why, if anything is damaged
		return nil, err
	}
	var faults fault.List
	faults.Add(c.weights(), damaged)
	faults.Add(c.weights(), c.judge(&k.seen))
	return k.combine(), faults.Err()
}

// take hands out the next piece, in the order of the files.
func (k *copier) take() (piece, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for k.next.run < len(k.runs) {
		size := k.runs[k.next.run].place.Bytes
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

// pieceSize is the same for all pieces of a run but the last. A strided tensor's are
// whole rows where these are not longer than a piece may be, for only whole rows are
// turned fast.
func (k *copier) pieceSize(i int) int64 {
	t := &k.Tensors[k.runs[i].tensor]
	share := max(allBytes/int64(k.jobs)&^63, leastBytes)
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

// largestPiece is what a worker needs room for.
func (k *copier) largestPiece() int64 {
	largest := int64(0)
	for i, r := range k.runs {
		largest = max(largest, min(k.pieceSize(i), r.place.Bytes))
	}
	return largest
}

func (k *copier) work(ctx context.Context) error {
	gatherer := tensor.NewGatherer(k.files)
	buffer := make([]byte, k.largestPiece())
	for {
		p, ok := k.take()
		if !ok {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if err := k.copyPiece(gatherer, p, buffer[:p.length]); err != nil {
			return err
		}
		if k.options.Progress != nil {
			k.options.Progress.Add(p.length)
		}
	}
}

func (k *copier) copyPiece(g *tensor.Gatherer, p piece, buffer []byte) error {
	r := &k.runs[p.run]
	g.Overflows = 0
	if err := g.Read(buffer, &k.Tensors[r.tensor].Content, r.from+p.offset); err != nil {
		return err
	}
	sum := g.Sum(buffer)
	k.seen.piece(&k.Tensors[r.tensor], r.from+p.offset, buffer, g.Overflows)
	at := r.place.Offset + p.offset
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
			n := min(size, k.runs[i].place.Bytes-done)
			sums[i] = tensor.CombineCRC(sums[i], sum, n)
			done += n
		}
	}
	return sums
}
