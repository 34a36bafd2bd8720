package tensor

import (
	"context"
	"sync/atomic"
)

// A Range is a range of bytes of a content.
type Range struct {
	Of          *Content
	From, Bytes int64
}

// A Piece is a range of bytes of one of several contents, or of a Range of one.
type Piece struct {
	Content        int   // number of the content or Range
	Offset, Length int64 // in the content
}

// A Visitor is shown the bytes of pieces, one at a time. It must not keep data.
type Visitor func(g *Gatherer, p Piece, data []byte) error

// minBytes is what a worker has to read, for it to be worth another.
const minBytes = 64 << 10

// Sweep reads all contents once, in parallel, and shows every piece to the visitor
// of the worker that read it. jobs 0 is as many workers as suits.
func Sweep(ctx context.Context, files *Files, contents []*Content, jobs int, visitor func() Visitor) error {
	ranges := make([]Range, len(contents))
	for i, c := range contents {
		ranges[i] = Range{Of: c, Bytes: c.Bytes()}
	}
	return SweepRanges(ctx, files, ranges, jobs, visitor)
}

// SweepRanges is Sweep of parts of contents. Large matrices that have to be turned are read by all workers together,
// and what is between them in pieces.
func SweepRanges(ctx context.Context, files *Files, ranges []Range, jobs int, visitor func() Visitor) error {
	s := newSweep(files, ranges, jobs, visitor)
	for parts := s.parts; len(parts) > 0; {
		n := 0
		for n < len(parts) && parts[n].matrix == nil {
			n++
		}
		err := s.pieces(ctx, parts[:n])
		if n < len(parts) && err == nil {
			err = s.bands(ctx, &parts[n])
			n++
		}
		if err != nil {
			return err
		}
		parts = parts[n:]
	}
	return nil
}

// sweep is one call of Sweep. Its memory is that of the workers, a part for each, or of one band of a matrix.
type sweep struct {
	files   *Files
	visitor func() Visitor
	cutter  Cutter
	parts   []sweepPart
	memory  []byte
	most    int64 // bytes of a piece
	readers []*reader
	begun   atomic.Int32 // workers
}

// sweepPart is a part of a range.
type sweepPart struct {
	Range
	number int     // of the range
	matrix *matrix // nil for what is read in pieces
}

// reader is what a worker has of its own.
type reader struct {
	g     *Gatherer
	visit Visitor
	piece []byte
	rows  []byte // that were turned
}

func newSweep(files *Files, ranges []Range, jobs int, visitor func() Visitor) *sweep {
	s, pieces := &sweep{files: files, visitor: visitor}, int64(0)
	var contents []*Content
	for i, r := range ranges {
		pieces += r.Bytes/minBytes + 1
		if i == 0 || r.Of != ranges[i-1].Of {
			contents = append(contents, r.Of)
		}
	}
	s.cutter, jobs = NewCutter(contents, Workers(jobs, pieces))
	bytes := int64(0)
	for i, r := range ranges {
		before := len(s.parts)
		s.parts = s.cutter.appendParts(s.parts, i, r)
		s.most = max(s.most, min(s.cutter.Most(r.Of), r.Bytes))
		for _, p := range s.parts[before:] {
			if p.matrix != nil {
				bytes = allBytes
			}
		}
	}
	s.memory, s.readers = make([]byte, max(bytes, int64(jobs)*s.most)), make([]*reader, jobs)
	return s
}

// reader returns what the next worker has of its own, of those that begin now.
func (s *sweep) reader() *reader {
	i := int64(s.begun.Add(1)) - 1
	if s.readers[i] == nil {
		s.readers[i] = &reader{g: NewGatherer(s.files), visit: s.visitor(), piece: s.memory[i*s.most : (i+1)*s.most]}
	}
	return s.readers[i]
}

// pieces reads parts in pieces, each by one worker.
func (s *sweep) pieces(ctx context.Context, parts []sweepPart) error {
	s.begun.Store(0)
	c := cut{parts: parts, cutter: s.cutter}
	return Parallel(ctx, len(s.readers), c.take, func(context.Context) func(pieceOf) error {
		r := s.reader()
		return func(p pieceOf) error {
			r.g.Overflows, r.g.Rounded = 0, 0
			data := r.piece[:p.Length]
			if err := r.g.Read(data, p.of, p.Offset); err != nil {
				return err
			}
			return r.visit(r.g, p.Piece, data)
		}
	})
}

// pieceOf is a piece with its content.
type pieceOf struct {
	Piece
	of *Content
}

// cut hands out pieces of parts, in their order.
type cut struct {
	parts  []sweepPart
	cutter Cutter
	done   int64 // bytes of the first part that were handed out
}

func (c *cut) take() (pieceOf, bool) {
	for ; len(c.parts) > 0; c.parts, c.done = c.parts[1:], 0 {
		if r := &c.parts[0]; c.done < r.Bytes {
			p := Piece{Content: r.number, Offset: r.From + c.done}
			p.Length = min(c.cutter.Length(r.Of, p.Offset), r.Bytes-c.done)
			c.done += p.Length
			return pieceOf{p, r.Of}, true
		}
	}
	return pieceOf{}, false
}
