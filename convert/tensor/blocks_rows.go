package tensor

import "slices"

// A block that does not reach over whole rows of its matrix, as tensor parallelism and a
// transposed matrix have them, has a short run of every row. So whole rows are read
// block by block, in bands, and put into their places.

// besideEachOther reports whether a matrix has blocks that do not reach over whole rows.
func (t *Tensor) besideEachOther() bool {
	return !t.Flat && len(t.Shape) == 2 &&
		slices.ContainsFunc(t.Blocks, func(b Block) bool { return b.Data.Shape[1] != t.Shape[1] })
}

// readRows fills p with whole rows of a matrix in blocks, cast to dtype.
func (g *Gatherer) readRows(p []byte, t *Tensor, dtype DType, first, rows int64) error {
	width, size := t.Shape[1], dtype.Size()
	for i := range t.Blocks {
		b := &t.Blocks[i]
		from := max(first, b.Start[0])
		n := min(first+rows, b.Start[0]+b.Data.Shape[0]) - from
		if n <= 0 {
			continue
		}
		into := p[((from-first)*width+b.Start[1])*size:]
		if err := g.readBand(into, width, b.Data, dtype, from-b.Start[0], n); err != nil {
			return err
		}
	}
	return nil
}

// readBand reads whole rows of one block into rows of width elements.
func (g *Gatherer) readBand(p []byte, width int64, data *Tensor, dtype DType, first, rows int64) error {
	own, size := data.Shape[1], dtype.Size()
	if !data.Contiguous() {
		if v := newView(data); v.byColumns() {
			return g.columns(p, width, v, dtype, first, rows)
		}
	}
	held := max(1, scratchBytes/(own*size)) // rows at a time
	if held == 1 || !data.Contiguous() {
		for r := range rows {
			if err := g.readPart(p[r*width*size:][:own*size], data, dtype, (first+r)*own, own); err != nil {
				return err
			}
		}
		g.summed = -1 // what was summed does not follow on in p
		return nil
	}
	for rows > 0 {
		n := min(held, rows)
		band := buffer(&g.turned)[:n*own*size]
		if err := g.readPart(band, data, dtype, first*own, n*own); err != nil {
			return err
		}
		for r := range n {
			copy(p[r*width*size:], band[r*own*size:(r+1)*own*size])
		}
		first, rows = first+n, rows-n
		if rows > 0 {
			p = p[n*width*size:]
		}
	}
	g.summed = -1
	return nil
}
