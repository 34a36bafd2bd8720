package tensor

import (
	"context"
	"sync/atomic"
)

// A matrix that is in its file column by column, and does not fit into memory, is read in bands of rows: a run of
// every column, which is the longer the larger the band. So the workers have one band together. They read it, and then
// turn it some rows at a time, which are still in a processor's cache when they are looked through and written.

// matrix is rows of such a matrix that are read in bands.
type matrix struct {
	view
	first, rows int64
}

// band is rows of a matrix, as dtype: a run of every column, pitch bytes apart.
type band struct {
	*sweepPart
	first, rows        int64
	pitch              int64
	runs               []byte
	overflows, rounded atomic.Int64 // of its casts, as a Gatherer counts them
}

// bands reads the rows of a matrix in bands, and shows them in pieces.
func (s *sweep) bands(ctx context.Context, p *sweepPart) error {
	size, columns := p.Of.DType.Size(), p.matrix.shape[1]
	each := evenly(p.matrix.rows, bandRows(columns, max(size, p.matrix.DType.Size())))
	for done := int64(0); done < p.matrix.rows; done += each {
		b := band{sweepPart: p, first: p.matrix.first + done, rows: min(each, p.matrix.rows-done), runs: s.memory}
		b.pitch = b.rows*size + padding
		if err := s.share(ctx, columns, max(1, straightBytes/b.pitch), b.read); err != nil {
			return err
		}
		if err := s.share(ctx, b.rows, evenly(b.rows, max(1, straightBytes/(columns*size))), b.show); err != nil {
			return err
		}
	}
	return nil
}

// bandRows returns how many rows of so many columns, of elements of size bytes, a band can have.
func bandRows(columns, size int64) int64 {
	return max(0, (min(allBytes/columns, scratchBytes)-padding)/size)
}

// share has the workers do so many of something, some of them at a time.
func (s *sweep) share(ctx context.Context, all, some int64, do func(r *reader, first, count int64) error) error {
	first := -some
	next := func() (int64, bool) {
		first += some
		return first, first < all
	}
	s.begun.Store(0)
	return Parallel(ctx, len(s.readers), next, func(context.Context) func(int64) error {
		r := s.reader()
		return func(first int64) error { return do(r, first, min(some, all-first)) }
	})
}

// read reads some columns of the band.
func (b *band) read(r *reader, first, count int64) error {
	v, from := b.matrix.view, b.matrix.DType.Size()
	r.g.Overflows, r.g.Rounded, r.g.exact = 0, 0, b.Of.Exact
	most := max(1, scratchBytes/(b.rows*from)) // that are read at once if they follow on one another
	for end := first + count; first < end; first += most {
		at := v.Offset + (b.first+first*v.stride[1])*from
		err := r.g.readColumns(b.runs[first*b.pitch:], b.pitch, v, b.Of.DType, at, b.rows, min(most, end-first))
		if err != nil {
			return err
		}
	}
	b.overflows.Add(r.g.Overflows)
	b.rounded.Add(r.g.Rounded)
	return nil
}

// show turns some rows of the band and shows them. What its casts did is counted with those that are shown first.
func (b *band) show(r *reader, first, count int64) error {
	size, columns := b.Of.DType.Size(), b.matrix.shape[1]
	if r.rows == nil {
		r.rows = make([]byte, straightBytes)
	}
	rows := r.rows[:count*columns*size]
	transpose(rows, b.runs[first*size:], size, columns, count, b.pitch, columns)
	r.g.Overflows, r.g.Rounded, r.g.summed = b.overflows.Swap(0), b.rounded.Swap(0), 0
	at := b.From + (b.first-b.matrix.first+first)*columns*size
	return r.visit(r.g, Piece{Content: b.number, Offset: at, Length: int64(len(rows))}, rows)
}

// appendParts appends a range in parts: whole rows of matrices that are read in bands, and what is between them.
func (k Cutter) appendParts(parts []sweepPart, number int, r Range) []sweepPart {
	at, before := int64(0), len(parts)
	for _, t := range r.Of.Parts {
		bytes := t.Numel() * r.Of.DType.Size()
		from, to := max(at, r.From), min(at+bytes, r.From+r.Bytes)
		if from < to {
			m := k.inBands(r.Of, t, from-at, to-from)
			if last := len(parts) - 1; m == nil && last >= before && parts[last].matrix == nil {
				parts[last].Bytes += to - from
			} else {
				parts = append(parts, sweepPart{Range{r.Of, from, to - from}, number, m})
			}
		}
		at += bytes
	}
	return parts
}

// inBands returns the matrix of which some bytes of a part of c are whole rows, or nil if they are read in pieces.
func (k Cutter) inBands(c *Content, part *Tensor, from, bytes int64) *matrix {
	if bytes <= k.turned || part.Stride == nil || part.Contiguous() || c.Add != 0 || c.Scale != 0 {
		return nil
	}
	v, size := newView(part), c.DType.Size()
	if !v.byColumns() {
		return nil
	}
	row := v.shape[1] * size
	if row > straightBytes || from%row != 0 || bytes%row != 0 || bandRows(v.shape[1], max(size, part.DType.Size())) == 0 {
		return nil
	}
	return &matrix{v, from / row, bytes / row}
}
