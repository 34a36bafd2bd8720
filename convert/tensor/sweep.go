package tensor

import "context"

// A Piece is a range of bytes of one of several contents. Pieces of a content are
// numbered from 0, and all but the last of them have the same length.
type Piece struct {
	Content        int
	Number         int64
	Offset, Length int64
}

// A Visitor is shown the bytes of pieces, one at a time. It must not keep data.
type Visitor func(g *Gatherer, p Piece, data []byte) error

// The memory of a worker does not grow with the contents. Turned matrices are read
// in short runs, longer the larger the piece.
const (
	sweepBytes   = 1 << 20
	sweepStrided = 32 << 20 // of all workers together
)

// Sweep reads all contents once, in parallel, and shows every piece to the visitor
// of the worker that read it. jobs 0 is as many workers as suits.
func Sweep(ctx context.Context, files *Files, contents []*Content, jobs int, visitor func() Visitor) error {
	pieces := int64(0)
	for _, c := range contents {
		pieces += c.Bytes()/sweepBytes + 1
	}
	jobs = Workers(jobs, pieces)
	s := &sweep{contents: contents, strided: min(8<<20, sweepStrided/int64(jobs))}
	return Parallel(ctx, jobs, s.take, func(context.Context) func(Piece) error {
		g, visit := NewGatherer(files), visitor()
		var buffer []byte
		return func(p Piece) error {
			if int64(len(buffer)) < p.Length {
				buffer = make([]byte, p.Length)
			}
			data := buffer[:p.Length]
			if err := g.Read(data, s.contents[p.Content], p.Offset); err != nil {
				return err
			}
			return visit(g, p, data)
		}
	})
}

type sweep struct {
	contents []*Content
	strided  int64 // bytes of a strided piece
	next     Piece
}

// take hands out the next piece, in the order of the contents.
func (s *sweep) take() (Piece, bool) {
	for s.next.Content < len(s.contents) {
		c := s.contents[s.next.Content]
		size := c.Bytes()
		if s.next.Offset >= size {
			s.next = Piece{Content: s.next.Content + 1}
			continue
		}
		p := s.next
		p.Length = min(s.pieceSize(c), size-p.Offset)
		s.next.Offset += p.Length
		s.next.Number++
		return p, true
	}
	return Piece{}, false
}

// pieceSize is a multiple of the element size; of a turned matrix, whole rows where they are
// not longer than a piece may be.
func (s *sweep) pieceSize(c *Content) int64 {
	if !c.Strided() {
		return sweepBytes
	}
	if shape := c.Parts[0].Shape; len(shape) == 2 && shape[1] > 0 {
		if row := shape[1] * c.DType.Size(); row <= s.strided {
			return s.strided / row * row
		}
	}
	return s.strided &^ 15
}
