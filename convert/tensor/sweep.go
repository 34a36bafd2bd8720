package tensor

import "context"

// A Piece is a range of bytes of one of several contents. Pieces of a content are
// numbered from 0.
type Piece struct {
	Content        int
	Number         int64
	Offset, Length int64
}

// A Visitor is shown the bytes of pieces, one at a time. It must not keep data.
type Visitor func(g *Gatherer, p Piece, data []byte) error

// Sweep reads all contents once, in parallel, and shows every piece to the visitor
// of the worker that read it. jobs 0 is as many workers as suits.
func Sweep(ctx context.Context, files *Files, contents []*Content, jobs int, visitor func() Visitor) error {
	pieces := int64(0)
	for _, c := range contents {
		pieces += c.Bytes()/straightBytes + 1
	}
	cutter, jobs := NewCutter(contents, Workers(jobs, pieces))
	s := &sweep{contents: contents, cutter: cutter}
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
	cutter   Cutter
	next     Piece
}

// take hands out the next piece, in the order of the contents.
func (s *sweep) take() (Piece, bool) {
	for s.next.Content < len(s.contents) {
		c := s.contents[s.next.Content]
		if s.next.Offset >= c.Bytes() {
			s.next = Piece{Content: s.next.Content + 1}
			continue
		}
		p := s.next
		p.Length = s.cutter.Length(c, p.Offset)
		s.next.Offset += p.Length
		s.next.Number++
		return p, true
	}
	return Piece{}, false
}
