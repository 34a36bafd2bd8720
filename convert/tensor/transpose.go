package tensor

import "encoding/binary"

// lineBytes is what is filled of a row at once, a line of the processor's cache. Rows of a model are often
// a power of two apart, so that few of their lines are in the cache at a time.
const lineBytes = 64

// together is how many lines of a row are filled before the next rows, which are on other pages of memory.
const together = 8

// transpose writes n columns of band elements into rows of width elements, size
// bytes the element. The columns are pitch bytes apart.
func transpose(rows, columns []byte, size, width, band, pitch, n int64) {
	line, high := lineBytes/size, int64(1)
	turn := turnSingly(size)
	switch size {
	case 2:
		turn, high = turn16, 4
	case 4:
		turn, high = turn32, 2
	}
	whole := n / line * line // columns that are turned by lines
	for first := int64(0); first < whole; first += together * line {
		last := min(first+together*line, whole)
		for r := int64(0); r+high <= band; r += high {
			for c := first; c < last; c += line {
				turn(rows[(r*width+c)*size:], columns[c*pitch+r*size:], width*size, pitch)
			}
		}
	}
	for r := range band {
		c := whole
		if r >= band/high*high {
			c = 0
		}
		for ; c < n; c++ {
			copy(rows[(r*width+c)*size:][:size], columns[c*pitch+r*size:])
		}
	}
}

// turnSingly returns the turn of a line of one row, of elements of any size.
func turnSingly(size int64) func(to, from []byte, width, pitch int64) {
	return func(to, from []byte, _, pitch int64) {
		for k := int64(0); k < lineBytes; k += size {
			copy(to[k:k+size], from[k/size*pitch:])
		}
	}
}

// turn16 turns four elements, of two bytes, of each of as many columns as are a line of four rows:
// four columns at a time, as four integers that exchange halves and then quarters.
func turn16(to, from []byte, width, pitch int64) {
	const pairs, evens = 0x00000000_ffffffff, 0x0000ffff_0000ffff
	le := binary.LittleEndian
	r0, r1, r2, r3 := to[:lineBytes], to[width:][:lineBytes], to[2*width:][:lineBytes], to[3*width:][:lineBytes]
	for k := 0; k < lineBytes; k += 8 {
		a, b := le.Uint64(from), le.Uint64(from[pitch:])
		c, d := le.Uint64(from[2*pitch:]), le.Uint64(from[3*pitch:])
		a, c = a&pairs|c<<32, a>>32|c&^pairs
		b, d = b&pairs|d<<32, b>>32|d&^pairs
		le.PutUint64(r0[k:k+8], a&evens|b&evens<<16)
		le.PutUint64(r1[k:k+8], a>>16&evens|b&^evens)
		le.PutUint64(r2[k:k+8], c&evens|d&evens<<16)
		le.PutUint64(r3[k:k+8], c>>16&evens|d&^evens)
		if k+8 < lineBytes {
			from = from[4*pitch:]
		}
	}
}

// turn32 is turn16 for elements of four bytes: two rows, two columns at a time.
func turn32(to, from []byte, width, pitch int64) {
	const low = 0x00000000_ffffffff
	le := binary.LittleEndian
	r0, r1 := to[:lineBytes], to[width:][:lineBytes]
	for k := 0; k < lineBytes; k += 8 {
		a, b := le.Uint64(from), le.Uint64(from[pitch:])
		le.PutUint64(r0[k:k+8], a&low|b<<32)
		le.PutUint64(r1[k:k+8], a>>32|b&^low)
		if k+8 < lineBytes {
			from = from[2*pitch:]
		}
	}
}
