package tensor

import "math"

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
