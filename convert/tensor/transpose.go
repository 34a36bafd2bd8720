package tensor

import "encoding/binary"

// lineBytes is what is filled of a row at once, a line of the processor's cache. Rows of a model are often
// a power of two apart, so that few of their lines are in the cache at a time.
const lineBytes = 64

// together is how many lines of a row are filled before the next rows, which are on other pages of memory.
const together = 8

// high is how many rows are filled at once, by which columns are read in runs of several elements.
const high = 8

// transpose writes n columns of band elements into rows of width elements, size
// bytes the element. The columns are pitch bytes apart.
func transpose(rows, columns []byte, size, width, band, pitch, n int64) {
	line := lineBytes / size
	turn := turnSingly(size)
	switch size {
	case 2:
		turn = turn16
	case 4:
		turn = turn32
	}
	whole, tall := n/line*line, band/high*high // what is turned by lines
	for first := int64(0); first < whole; first += together * line {
		last := min(first+together*line, whole)
		for r := int64(0); r < tall; r += high {
			for c := first; c < last; c += line {
				turn(rows[(r*width+c)*size:], columns[c*pitch+r*size:], width*size, pitch)
			}
		}
	}
	for r := range band {
		c := whole
		if r >= tall {
			c = 0
		}
		for ; c < n; c++ {
			copy(rows[(r*width+c)*size:][:size], columns[c*pitch+r*size:])
		}
	}
}

// turnSingly returns the turn of lines of elements of any size.
func turnSingly(size int64) func(to, from []byte, width, pitch int64) {
	return func(to, from []byte, width, pitch int64) {
		for r := range int64(high) {
			for k := int64(0); k < lineBytes; k += size {
				copy(to[r*width+k:][:size], from[k/size*pitch+r*size:])
			}
		}
	}
}

// fourLines returns a line of each of four rows.
func fourLines(to []byte, width int64) (a, b, c, d []byte) {
	return to[:lineBytes], to[width:][:lineBytes], to[2*width:][:lineBytes], to[3*width:][:lineBytes]
}

// turn16 turns elements of two bytes: a run of high of each of as many columns as are a line of the rows, four columns
// at a time.
func turn16(to, from []byte, width, pitch int64) {
	le, at := binary.LittleEndian, int64(0)
	r0, r1, r2, r3 := fourLines(to, width)
	r4, r5, r6, r7 := fourLines(to[4*width:], width)
	for k := 0; k < lineBytes; k += 8 {
		a := (*[2 * high]byte)(from[at : at+2*high])
		at += pitch
		b := (*[2 * high]byte)(from[at : at+2*high])
		at += pitch
		c := (*[2 * high]byte)(from[at : at+2*high])
		at += pitch
		d := (*[2 * high]byte)(from[at : at+2*high])
		at += pitch
		w, x, y, z := quarters(le.Uint64(a[:8]), le.Uint64(b[:8]), le.Uint64(c[:8]), le.Uint64(d[:8]))
		le.PutUint64(r0[k:k+8], w)
		le.PutUint64(r1[k:k+8], x)
		le.PutUint64(r2[k:k+8], y)
		le.PutUint64(r3[k:k+8], z)
		w, x, y, z = quarters(le.Uint64(a[8:]), le.Uint64(b[8:]), le.Uint64(c[8:]), le.Uint64(d[8:]))
		le.PutUint64(r4[k:k+8], w)
		le.PutUint64(r5[k:k+8], x)
		le.PutUint64(r6[k:k+8], y)
		le.PutUint64(r7[k:k+8], z)
	}
}

// quarters turns four by four elements of two bytes: four integers exchange halves and then quarters.
func quarters(a, b, c, d uint64) (w, x, y, z uint64) {
	const evens = 0x0000ffff_0000ffff
	a, c = halves(a, c)
	b, d = halves(b, d)
	return a&evens | b&evens<<16, a>>16&evens | b&^evens, c&evens | d&evens<<16, c>>16&evens | d&^evens
}

// turn32 is turn16 for elements of four bytes, two columns at a time.
func turn32(to, from []byte, width, pitch int64) {
	le, at := binary.LittleEndian, int64(0)
	r0, r1, r2, r3 := fourLines(to, width)
	r4, r5, r6, r7 := fourLines(to[4*width:], width)
	for k := 0; k < lineBytes; k += 8 {
		a := (*[4 * high]byte)(from[at : at+4*high])
		at += pitch
		b := (*[4 * high]byte)(from[at : at+4*high])
		at += pitch
		w, x := halves(le.Uint64(a[:8]), le.Uint64(b[:8]))
		le.PutUint64(r0[k:k+8], w)
		le.PutUint64(r1[k:k+8], x)
		w, x = halves(le.Uint64(a[8:]), le.Uint64(b[8:]))
		le.PutUint64(r2[k:k+8], w)
		le.PutUint64(r3[k:k+8], x)
		w, x = halves(le.Uint64(a[16:]), le.Uint64(b[16:]))
		le.PutUint64(r4[k:k+8], w)
		le.PutUint64(r5[k:k+8], x)
		w, x = halves(le.Uint64(a[24:]), le.Uint64(b[24:]))
		le.PutUint64(r6[k:k+8], w)
		le.PutUint64(r7[k:k+8], x)
	}
}

// halves turns two by two elements of four bytes.
func halves(a, b uint64) (w, x uint64) {
	const low = 0x00000000_ffffffff
	return a&low | b<<32, a>>32 | b&^low
}
