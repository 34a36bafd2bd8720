package tensor

import "hash/crc32"

// view is a strided tensor with its dimensions folded: those of size 1 left out,
// those that are adjacent in the file merged.
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

// byColumns reports whether a view is a matrix that is in its file column by column.
func (v *view) byColumns() bool { return len(v.shape) == 2 && v.stride[0] == 1 && v.stride[1] > 1 }

// gather fills p with elements start … start+count of a strided tensor, cast to
// dtype. Four ways, by its order in the file: rows that are whole (slices, expanded
// rows), one element for a row, columns that are whole (transposed matrices), and
// elements apart from each other (all else).
func (g *Gatherer) gather(p []byte, v view, dtype DType, start, count int64) error {
	size, last := dtype.Size(), len(v.shape)-1
	row := v.shape[last]
	for count > 0 {
		inRow := start % row
		n := min(row-inRow, count) // to the end of this row
		var err error
		switch {
		case v.stride[last] == 1:
			err = g.readRun(p[:n*size], v.Tensor, dtype, v.byteAt(start), n)
		case v.stride[last] == 0:
			err = g.repeat(p[:n*size], v, dtype, start)
		case v.byColumns() && inRow == 0 && count >= row:
			rows := count / row
			n = rows * row
			err = g.columns(p[:n*size], row, v, dtype, start/row, rows)
		default:
			err = g.elements(p[:n*size], v, dtype, start, n)
		}
		if err != nil {
			return err
		}
		p, start, count = p[n*size:], start+n, count-n
	}
	return nil
}

// byteAt returns the offset in the file of the element with row-major number n.
func (v *view) byteAt(n int64) int64 {
	at := int64(0)
	for d := len(v.shape) - 1; d >= 0; d-- {
		at += n % v.shape[d] * v.stride[d]
		n /= v.shape[d]
	}
	return v.Offset + at*v.DType.Size()
}

// repeat fills p with copies of one element, as an expanded tensor has them.
func (g *Gatherer) repeat(p []byte, v view, dtype DType, start int64) error {
	size, before := int(dtype.Size()), g.Overflows
	if err := g.readRun(p[:size], v.Tensor, dtype, v.byteAt(start), 1); err != nil {
		return err
	}
	for done := size; done < len(p); done *= 2 {
		copy(p[done:], p[:done])
	}
	g.Overflows = before + (g.Overflows-before)*int64(len(p)/size)
	return nil
}

// farBytes is the distance from which elements are read one by one: what is
// between nearer ones is read with them.
const farBytes = 4 << 10

// elements reads the part of one row whose elements are apart in the file.
func (g *Gatherer) elements(p []byte, v view, dtype DType, start, count int64) error {
	from, to, stride := v.DType.Size(), dtype.Size(), v.stride[len(v.stride)-1]
	most := int64(1)
	if stride < farBytes/from {
		most = (scratchBytes/from-1)/stride + 1
	}
	for count > 0 {
		n := min(most, count)
		span := buffer(&g.turned)[:((n-1)*stride+1)*from]
		if err := g.files.ReadAt(v.File, span, v.byteAt(start)); err != nil {
			return err
		}
		for i := range n {
			copy(span[i*from:(i+1)*from], span[i*stride*from:])
		}
		g.cast(p[:n*to], span[:n*from], v.DType, dtype)
		p, start, count = p[n*to:], start+n, count-n
	}
	return nil
}

// padding sets the columns in the buffer apart, for at distances of a power of two
// they would drive each other out of the processor's cache.
const padding = 64

// columns fills rows of width elements, the first of which p begins with, with those of a
// matrix that is in the file column by column. A band of rows is a run in every column; as
// many columns are read into the scratch buffer as fit, and turned there. Of those that are
// read whole and follow one another in the file, many are read at once.
func (g *Gatherer) columns(p []byte, width int64, v view, dtype DType, first, rows int64) error {
	from, to, all := v.DType.Size(), dtype.Size(), v.shape[1]
	line := lineBytes / to // columns are turned fast by lines of them
	for rows > 0 {
		band := min(rows, (scratchBytes/line-padding)/max(from, to))
		pitch := band*to + padding
		most := scratchBytes / (band*max(from, to) + padding) / line * line // columns in the buffer at a time
		turned := buffer(&g.turned)
		for c := int64(0); c < all; c += most {
			n := min(most, all-c)
			at := v.Offset + (first+c*v.stride[1])*from
			if err := g.readColumns(turned, pitch, v, dtype, at, band, n); err != nil {
				return err
			}
			transpose(p[c*to:], turned, to, width, band, pitch, n)
		}
		first, rows = first+band, rows-band
		if rows > 0 {
			p = p[band*width*to:]
		}
	}
	return nil
}

// readColumns puts runs of band elements of n columns, the first at the byte at of the file, into the
// scratch buffer turned, pitch bytes apart.
func (g *Gatherer) readColumns(turned []byte, pitch int64, v view, dtype DType, at, band, n int64) error {
	from, run, sums := v.DType.Size(), band*dtype.Size(), g.files.sums[v.File]
	read, every := band*from, v.stride[1]*from
	if every == read {
		raw := buffer(&g.raw)[:n*read]
		if err := g.files.ReadAt(v.File, raw, at); err != nil {
			return err
		}
		if sums != nil {
			sums.note(at, at+n*read, crc32.ChecksumIEEE(raw))
		}
		for k := range n {
			g.cast(turned[k*pitch:][:run], raw[k*read:][:read], v.DType, dtype)
		}
		return nil
	}
	together := joiner{every: every}
	for k := range n {
		into := turned[k*pitch:][:run]
		raw := into
		if dtype != v.DType {
			raw = buffer(&g.raw)[:read]
		}
		if err := g.files.ReadAt(v.File, raw, at+k*every); err != nil {
			return err
		}
		if sums != nil {
			together.add(crc32.ChecksumIEEE(raw))
		}
		if dtype != v.DType {
			g.cast(into, raw, v.DType, dtype)
		}
	}
	if sums != nil {
		sums.noteApart(at, at+(n-1)*every+read, n*read, together.sum)
	}
	return nil
}
