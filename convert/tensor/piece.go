package tensor

// How much of a content is read at once. A piece that lies in order in its file stays in a processor's
// cache, which it passes four times when it is copied: read, summed, looked through, written. A turned
// matrix is read in runs, which are longer the larger the piece, or whole.
const (
	straightBytes = 1 << 20
	turnedBytes   = 8 << 20
	leastTurned   = 6 << 20  // no more workers than have so much: their runs would be too short
	allBytes      = 28 << 20 // of all workers' pieces together, and of one band
)

// A Cutter cuts contents into pieces for a number of workers.
type Cutter struct{ straight, turned int64 }

// NewCutter returns the cutter for contents, and how many of so many workers should share the pieces.
func NewCutter(contents []*Content, workers int) (Cutter, int) {
	turned := false
	for _, c := range contents {
		for _, part := range c.Parts {
			turned = turned || !part.Contiguous() && part.Numel()*c.DType.Size() > straightBytes
		}
	}
	if turned {
		workers = min(workers, allBytes/leastTurned)
	}
	share := allBytes / int64(workers) &^ 63
	return Cutter{min(straightBytes, share), min(turnedBytes, share)}, workers
}

// Length returns the length of the piece of c that begins at byte off. It is whole parts of c, where these
// are not in order, and of those that are too large whole rows in bands of about the same size.
func (k Cutter) Length(c *Content, off int64) int64 {
	n := int64(0)
	for _, part := range c.Parts {
		size := part.Numel() * c.DType.Size()
		if off >= size {
			off -= size
			continue
		}
		rest := size - off
		switch {
		case part.Contiguous():
			n += min(rest, max(0, k.straight-n))
		case n+rest <= k.turned:
			n += rest
		case n > 0:
			return n
		default:
			return k.band(part, c.DType.Size(), off, rest)
		}
		if n >= k.straight {
			return n
		}
		off = 0
	}
	return n
}

// band returns the length of the next band of rows of a part that is not in order and of which rest bytes
// are left from the byte off.
func (k Cutter) band(part *Tensor, size, off, rest int64) int64 {
	row := size
	if n := len(part.Shape); n > 0 {
		row *= part.Shape[n-1]
	}
	if row > k.turned {
		return k.turned &^ 63
	}
	if within := off % row; within > 0 {
		return row - within
	}
	rows := rest / row
	return min(evenly(rows, k.turned/row), rows) * row
}

// evenly returns how many of so many rows are taken at a time, most at most, so that the last are about as many, and
// runs begin where lines of the cache do.
func evenly(rows, most int64) int64 {
	const lines = 64
	times := (rows + most - 1) / most
	each := (rows + times - 1) / times
	return min(most, (each+lines-1)/lines*lines)
}

// Most returns the most bytes of a piece of a content.
func (k Cutter) Most(c *Content) int64 {
	most := k.straight
	if c.Strided() {
		most = k.turned
	}
	return min(most, c.Bytes())
}
