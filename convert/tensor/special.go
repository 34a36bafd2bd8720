package tensor

import (
	"bytes"
	"encoding/binary"
)

// Special is what is rarely intended in the elements of a tensor.
type Special struct {
	NaN      bool // some are NaN
	Infinite bool // some are infinite, and no others that were examined together are NaN
	Zero     bool // all are zero
}

// Look examines the elements of p, whose length is a multiple of their size.
func Look(p []byte, dtype DType) Special {
	if Finite(p, dtype) {
		return Special{Zero: AllZero(p)}
	}
	nan := HasNaN(p, dtype)
	return Special{NaN: nan, Infinite: !nan}
}

// Join combines the results for two parts of a tensor. An empty part is all zero.
func (s Special) Join(t Special) Special {
	return Special{s.NaN || t.NaN, s.Infinite || t.Infinite, s.Zero && t.Zero}
}

// bitMasks are the magnitude, the mantissa and the lowest bit of the exponent of a
// dtype's elements, in all of eight bytes.
type bitMasks struct{ magnitude, mantissa, exponent uint64 }

func masksOf(dtype DType) (m bitMasks, known bool) {
	switch dtype {
	case Float32:
		return bitMasks{0x7fffffff_7fffffff, 0x007fffff_007fffff, 0x00800000_00800000}, true
	case BFloat16:
		return bitMasks{0x7fff7fff_7fff7fff, 0x007f007f_007f007f, 0x00800080_00800080}, true
	case Float16:
		return bitMasks{0x7fff7fff_7fff7fff, 0x03ff03ff_03ff03ff, 0x04000400_04000400}, true
	}
	return m, false
}

// HasNaN reports whether any element of p is NaN: exponent all ones, mantissa not
// zero. len(p) is a multiple of the element size; dtypes that are not Convertible
// have no NaN.
func HasNaN(p []byte, dtype DType) bool {
	m, known := masksOf(dtype)
	return known && carries(p, m.magnitude, m.mantissa)
}

// Finite reports whether no element of p is NaN or infinite: whether no exponent is
// all ones. len(p) is a multiple of the element size; dtypes that are not Convertible
// are finite.
func Finite(p []byte, dtype DType) bool {
	m, known := masksOf(dtype)
	return !known || !carries(p, m.magnitude, m.exponent)
}

// carries reports whether adding addend to the magnitude of any element carries into
// its sign bit. No float is decoded, and eight bytes are tested at once: the largest
// mantissa carries exactly for NaN, the lowest bit of the exponent for infinity too.
func carries(p []byte, magnitude, addend uint64) bool {
	var found uint64
	for len(p) >= 32 {
		b := p[:32]
		found |= (binary.LittleEndian.Uint64(b) & magnitude) + addend
		found |= (binary.LittleEndian.Uint64(b[8:]) & magnitude) + addend
		found |= (binary.LittleEndian.Uint64(b[16:]) & magnitude) + addend
		found |= (binary.LittleEndian.Uint64(b[24:]) & magnitude) + addend
		p = p[32:]
	}
	if len(p) > 0 {
		var rest [32]byte
		copy(rest[:], p)
		for i := 0; i < len(rest); i += 8 {
			found |= (binary.LittleEndian.Uint64(rest[i:]) & magnitude) + addend
		}
	}
	return found&^magnitude != 0
}

// AllZero reports whether every byte of p is zero. It stops at the first
// that is not: for weights, after one or two.
func AllZero(p []byte) bool {
	return len(p) == 0 || p[0] == 0 && bytes.Equal(p[1:], p[:len(p)-1])
}
