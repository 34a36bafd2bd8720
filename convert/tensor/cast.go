package tensor

import (
	"encoding/binary"
	"math"
)

// A castFunc writes the elements of from into to, in another dtype, and returns how
// many that were finite became infinite. Rounding is to nearest, ties to even,
// as torch rounds; NaN stays NaN, signs and infinities stay.
type castFunc func(to, from []byte) (overflows int64)

// caster returns the cast between two different Convertible dtypes.
func caster(from, to DType) castFunc {
	switch {
	case from == BFloat16 && to == Float32:
		return bfloat16ToFloat32
	case from == Float16 && to == Float32:
		return float16ToFloat32
	case from == Float32 && to == BFloat16:
		return float32ToBFloat16
	case from == Float32 && to == Float16:
		return float32ToFloat16
	case from == BFloat16 && to == Float16:
		return bfloat16ToFloat16
	case from == Float16 && to == BFloat16:
		return float16ToBFloat16
	}
	panic("no cast from " + from.String() + " to " + to.String())
}

func bfloat16ToFloat32(to, from []byte) int64 {
	for i := 0; i+2 <= len(from); i += 2 {
		binary.LittleEndian.PutUint32(to[2*i:], uint32(binary.LittleEndian.Uint16(from[i:]))<<16)
	}
	return 0
}

func float16ToFloat32(to, from []byte) int64 {
	for i := 0; i+2 <= len(from); i += 2 {
		binary.LittleEndian.PutUint32(to[2*i:], widenFloat16(binary.LittleEndian.Uint16(from[i:])))
	}
	return 0
}

func float32ToBFloat16(to, from []byte) (overflows int64) {
	for i := 0; i+4 <= len(from); i += 4 {
		bits := binary.LittleEndian.Uint32(from[i:])
		narrow := narrowBFloat16(bits)
		if narrow&0x7fff == 0x7f80 && bits&0x7fffffff != 0x7f800000 {
			overflows++
		}
		binary.LittleEndian.PutUint16(to[i/2:], narrow)
	}
	return overflows
}

func float32ToFloat16(to, from []byte) (overflows int64) {
	for i := 0; i+4 <= len(from); i += 4 {
		bits := binary.LittleEndian.Uint32(from[i:])
		narrow := narrowFloat16(bits)
		if narrow&0x7fff == 0x7c00 && bits&0x7fffffff != 0x7f800000 {
			overflows++
		}
		binary.LittleEndian.PutUint16(to[i/2:], narrow)
	}
	return overflows
}

func bfloat16ToFloat16(to, from []byte) (overflows int64) {
	for i := 0; i+2 <= len(from); i += 2 {
		bits := uint32(binary.LittleEndian.Uint16(from[i:])) << 16
		narrow := narrowFloat16(bits)
		if narrow&0x7fff == 0x7c00 && bits&0x7fffffff != 0x7f800000 {
			overflows++
		}
		binary.LittleEndian.PutUint16(to[i:], narrow)
	}
	return overflows
}

func float16ToBFloat16(to, from []byte) int64 { // its exponents are a subset: nothing overflows
	for i := 0; i+2 <= len(from); i += 2 {
		binary.LittleEndian.PutUint16(to[i:], narrowBFloat16(widenFloat16(binary.LittleEndian.Uint16(from[i:]))))
	}
	return 0
}

// narrowBFloat16 rounds the bits of a float32 to those of a bfloat16.
func narrowBFloat16(bits uint32) uint16 {
	if bits&0x7fffffff > 0x7f800000 {
		return uint16(bits>>16) | 0x0040 // quiet NaN, sign and upper payload kept
	}
	return uint16((bits + 0x7fff + bits>>16&1) >> 16)
}

// narrowFloat16 rounds the bits of a float32 to those of a float16.
func narrowFloat16(bits uint32) uint16 {
	sign := uint16(bits >> 16 & 0x8000)
	magnitude := bits & 0x7fffffff
	switch {
	case magnitude > 0x7f800000: // NaN: quiet, upper payload kept
		return sign | 0x7e00 | uint16(magnitude>>13&0x1ff)
	case magnitude >= 0x477ff000: // 65520 and above round to infinity
		return sign | 0x7c00
	case magnitude >= 0x38800000: // 2^-14 and above: normal; the carry of rounding may raise the exponent
		rebased := magnitude - (127-15)<<23
		return sign | uint16((rebased+0xfff+rebased>>13&1)>>13)
	}
	// Subnormal: adding 0.5 lets the processor round at the last bit of a float16, 2^-24.
	rounded := math.Float32bits(math.Float32frombits(magnitude) + 0.5)
	return sign | uint16(rounded-0x3f000000)
}

// widenFloat16 returns the bits of the float32 equal to a float16.
func widenFloat16(half uint16) uint32 {
	sign := uint32(half&0x8000) << 16
	exponent, mantissa := uint32(half>>10&0x1f), uint32(half&0x3ff)
	switch exponent {
	case 0x1f: // infinity and NaN
		return sign | 0x7f800000 | mantissa<<13
	case 0: // zero and subnormal: mantissa × 2^-24, exact
		return sign | math.Float32bits(float32(mantissa)*(1.0/(1<<24)))
	}
	return sign | (exponent+127-15)<<23 | mantissa<<13
}
