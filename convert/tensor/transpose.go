package tensor

import "encoding/binary"

// lineElements is how many columns are turned together: where an element has four
// bytes, a cache line of each row is filled at once.
const lineElements = 16

// transpose writes n columns of band elements into rows of width elements, size
// bytes the element. The columns are pitch bytes apart.
func transpose(rows, columns []byte, size, width, band, pitch, n int64) {
	for c := int64(0); c < n; c += lineElements {
		m := min(lineElements, n-c)
		for r := range band {
			to, from := rows[(r*width+c)*size:][:m*size], columns[c*pitch+r*size:]
			switch size {
			case 4:
				for k := range m {
					binary.LittleEndian.PutUint32(to[4*k:], binary.LittleEndian.Uint32(from[k*pitch:]))
				}
			case 2:
				for k := range m {
					binary.LittleEndian.PutUint16(to[2*k:], binary.LittleEndian.Uint16(from[k*pitch:]))
				}
			default:
				for k := range m {
					copy(to[k*size:(k+1)*size], from[k*pitch:])
				}
			}
		}
	}
}
