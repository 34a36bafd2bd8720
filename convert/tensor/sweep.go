package tensor

import "context"

// A Range is a range of bytes of a content.
type Range struct {
	Of          *Content
	From, Bytes int64
}

// A Piece is a range of bytes of one of several contents, or of a Range of one. Pieces of each are numbered from 0.
type Piece struct {
	Content        int // number of the content or Range
	Number         int64
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

// SweepRanges is Sweep of parts of contents.
func SweepRanges(ctx context.Context, files *Files, ranges []Range, jobs int, visitor func() Visitor) error {
	s, pieces := &sweep{ranges: ranges}, int64(0)
	var contents []*Content
	for i, r := range ranges {
		pieces += r.Bytes/minBytes + 1
		if i == 0 || r.Of != ranges[i-1].Of {
			contents = append(contents, r.Of)
		}
	}
	s.cutter, jobs = NewCutter(contents, Workers(jobs, pieces))
	most := int64(0)
	for _, r := range ranges {
		most = max(most, min(s.cutter.Most(r.Of), r.Bytes))
	}
	return Parallel(ctx, jobs, s.take, func(context.Context) func(Piece) error {
		g, visit, buffer := NewGatherer(files), visitor(), make([]byte, most)
		return func(p Piece) error {
			g.Overflows, g.Rounded = 0, 0
			if err := g.Read(buffer[:p.Length], ranges[p.Content].Of, p.Offset); err != nil {
				return err
			}
			return visit(g, p, buffer[:p.Length])
		}
	})
}

// sweep hands out pieces.
type sweep struct {
	ranges []Range
	cutter Cutter
	at     int   // the range that is handed out
	done   int64 // bytes of it that were
	number int64 // pieces of it that were
}

// take hands out the next piece, in the order of the ranges.
func (s *sweep) take() (Piece, bool) {
	for ; s.at < len(s.ranges); s.at++ {
		r := s.ranges[s.at]
		if s.done < r.Bytes {
			p := Piece{Content: s.at, Number: s.number, Offset: r.From + s.done}
			p.Length = min(s.cutter.Length(r.Of, p.Offset), r.Bytes-s.done)
			s.done, s.number = s.done+p.Length, s.number+1
			return p, true
		}
		s.done, s.number = 0, 0
	}
	return Piece{}, false
}
