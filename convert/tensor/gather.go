package tensor

// view is a strided tensor with its dimensions folded: those of size 1 left out,
// those that lie as one taken together.
type view struct {
	*Tensor
	shape, stride []int64
}

func newView(t *Tensor) view {
	v := view{Tensor: t}
	for d, n := range t.Shape {
		if n == 1 {
			continue
		}
		if last := len(v.shape) - 1; last >= 0 && v.stride[last] == t.Stride[d]*n {
			v.shape[last] *= n
			v.stride[last] = t.Stride[d]
			continue
		}
		v.shape = append(v.shape, n)
		v.stride = append(v.stride, t.Stride[d])
	}
	if len(v.shape) == 0 {
		v.shape, v.stride = []int64{1}, []int64{1}
	}
	return v
}

// gather fills p with elements start … start+count of a strided tensor. Three ways,
// by how the file holds it: rows that are whole (slices, expanded rows), columns
// that are whole (transposed matrices), and single elements (all else).
func (g *Gatherer) gather(p []byte, v view, start, count int64) error {
	size, last := v.DType.Size(), len(v.shape)-1
	row := v.shape[last]
	for count > 0 {
		inRow := start % row
		n := min(row-inRow, count) // to the end of this row
		var err error
		switch {
		case v.stride[last] == 1:
			err = g.files.ReadAt(v.File, p[:n*size], v.byteAt(start))
		case v.stride[last] == 0:
			err = g.repeat(p[:n*size], v, start)
		case last == 1 && v.stride[0] == 1 && inRow == 0 && count >= row:
			rows := count / row
			n = rows * row
			err = g.columns(p[:n*size], v, start/row, rows)
		default:
			err = g.elements(p[:n*size], v, start, n)
		}
		if err != nil {
			return err
		}
		p, start, count = p[n*size:], start+n, count-n
	}
	return nil
}

// byteAt returns where in the file the element with row-major number n stands.
func (v *view) byteAt(n int64) int64 {
	at := int64(0)
	for d := len(v.shape) - 1; d >= 0; d-- {
		at += n % v.shape[d] * v.stride[d]
		n /= v.shape[d]
	}
	return v.Offset + at*v.DType.Size()
}

// repeat fills p with copies of one element, as an expanded tensor has them.
func (g *Gatherer) repeat(p []byte, v view, start int64) error {
	size := int(v.DType.Size())
	if err := g.files.ReadAt(v.File, p[:size], v.byteAt(start)); err != nil {
		return err
	}
	for done := size; done < len(p); done *= 2 {
		copy(p[done:], p[:done])
	}
	return nil
}

// elements reads one element after the other.
func (g *Gatherer) elements(p []byte, v view, start, count int64) error {
	size := v.DType.Size()
	for i := range count {
		if err := g.files.ReadAt(v.File, p[i*size:(i+1)*size], v.byteAt(start+i)); err != nil {
			return err
		}
	}
	return nil
}

// columns fills p with whole rows of a matrix that lies in the file column by
// column. A band of rows is a short run in every column; as many columns are read
// into the scratch buffer as fit, and turned there.
func (g *Gatherer) columns(p []byte, v view, first, rows int64) error {
	size, width := v.DType.Size(), v.shape[1]
	for rows > 0 {
		band := min(rows, scratchBytes/size)
		held := scratchBytes / (band * size) // columns in the buffer at a time
		buffer := g.gatherBuffer()
		for c := int64(0); c < width; c += held {
			n := min(held, width-c)
			for k := range n {
				at := v.Offset + (first+(c+k)*v.stride[1])*size
				if err := g.files.ReadAt(v.File, buffer[k*band*size:(k+1)*band*size], at); err != nil {
					return err
				}
			}
			transpose(p[c*size:], buffer, size, width, band, n)
		}
		p, first, rows = p[band*width*size:], first+band, rows-band
	}
	return nil
}

// transpose writes n columns of band elements each into rows of width elements.
func transpose(rows, columns []byte, size, width, band, n int64) {
	for r := range band {
		to := rows[r*width*size:]
		for k := range n {
			from := (k*band + r) * size
			copy(to[k*size:(k+1)*size], columns[from:from+size])
		}
	}
}

// gatherBuffer is apart from the cast's buffer: a transposed tensor may be cast too.
func (g *Gatherer) gatherBuffer() []byte {
	if g.turned == nil {
		g.turned = make([]byte, scratchBytes)
	}
	return g.turned
}
