package tensor

import "encoding/binary"

// HasNaN reports whether any element of p is NaN: exponent all ones, mantissa not
// zero. No float is decoded: with the sign cleared, adding the largest mantissa
// carries into the sign bit exactly for NaN, so eight bytes are tested at once.
// len(p) is a multiple of the element size; dtypes that are not Convertible have no NaN.
func HasNaN(p []byte, dtype DType) bool {
	var magnitude, mantissa uint64
	switch dtype {
	case Float32:
		magnitude, mantissa = 0x7fffffff_7fffffff, 0x007fffff_007fffff
	case BFloat16:
		magnitude, mantissa = 0x7fff7fff_7fff7fff, 0x007f007f_007f007f
	case Float16:
		magnitude, mantissa = 0x7fff7fff_7fff7fff, 0x03ff03ff_03ff03ff
	default:
		return false
	}
	sign := ^magnitude
	var found uint64
	for len(p) >= 32 {
		b := p[:32]
		found |= (binary.LittleEndian.Uint64(b) & magnitude) + mantissa
		found |= (binary.LittleEndian.Uint64(b[8:]) & magnitude) + mantissa
		found |= (binary.LittleEndian.Uint64(b[16:]) & magnitude) + mantissa
		found |= (binary.LittleEndian.Uint64(b[24:]) & magnitude) + mantissa
		p = p[32:]
	}
	if len(p) > 0 {
		var rest [32]byte
		copy(rest[:], p)
		for i := 0; i < len(rest); i += 8 {
			found |= (binary.LittleEndian.Uint64(rest[i:]) & magnitude) + mantissa
		}
	}
	return found&sign != 0
}
