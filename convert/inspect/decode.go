package inspect

import (
	"encoding/binary"
	"math"
	"sync"

	"hf2olmo/convert/tensor"
)

// A decode reads as many elements as dst has room for from src, as numbers.
type decode func(dst []float64, src []byte)

// decoder returns how elements of a dtype are read, nil if they are not numbers.
func decoder(d tensor.DType) decode {
	le := binary.LittleEndian
	switch d {
	case tensor.Float32:
		return decodeFloat32
	case tensor.BFloat16:
		return decodeBFloat16
	case tensor.Float16:
		table := halves()
		return each(2, func(b []byte) float64 { return table[le.Uint16(b)] })
	case tensor.Float64:
		return each(8, func(b []byte) float64 { return math.Float64frombits(le.Uint64(b)) })
	case tensor.Float8E4M3FN:
		return each(1, func(b []byte) float64 { return e4m3(b[0]) })
	case tensor.Float8E5M2: // the upper half of a float16
		table := halves()
		return each(1, func(b []byte) float64 { return table[uint16(b[0])<<8] })
	case tensor.Int64:
		return each(8, func(b []byte) float64 { return float64(int64(le.Uint64(b))) })
	case tensor.Int32:
		return each(4, func(b []byte) float64 { return float64(int32(le.Uint32(b))) })
	case tensor.Int16:
		return each(2, func(b []byte) float64 { return float64(int16(le.Uint16(b))) })
	case tensor.Int8:
		return each(1, func(b []byte) float64 { return float64(int8(b[0])) })
	case tensor.UInt8, tensor.Bool:
		return each(1, func(b []byte) float64 { return float64(b[0]) })
	case tensor.UInt16:
		return each(2, func(b []byte) float64 { return float64(le.Uint16(b)) })
	case tensor.UInt32:
		return each(4, func(b []byte) float64 { return float64(le.Uint32(b)) })
	case tensor.UInt64:
		return each(8, func(b []byte) float64 { return float64(le.Uint64(b)) })
	}
	return nil
}

// each decodes one element after the other; what models mostly hold has a loop of its own.
func each(size int, one func([]byte) float64) decode {
	return func(dst []float64, src []byte) {
		for i := range dst {
			dst[i] = one(src[i*size : (i+1)*size])
		}
	}
}

func decodeFloat32(dst []float64, src []byte) {
	src = src[:4*len(dst)]
	for i := range dst {
		dst[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:])))
	}
}

func decodeBFloat16(dst []float64, src []byte) {
	src = src[:2*len(dst)]
	for i := range dst {
		dst[i] = float64(math.Float32frombits(uint32(binary.LittleEndian.Uint16(src[2*i:])) << 16))
	}
}

// halves has the value of every float16.
var halves = sync.OnceValue(func() []float64 {
	table := make([]float64, 1<<16)
	for bits := range table {
		table[bits] = small(bits, 5, 10, 15)
		if bits>>10&31 == 31 { // exponent all ones
			if table[bits] = math.Inf(1 - 2*(bits>>15)); bits&1023 != 0 {
				table[bits] = math.NaN()
			}
		}
	}
	return table
})

// e4m3 has no infinity: all ones but the sign is NaN, the other patterns are numbers.
func e4m3(b byte) float64 {
	if b&0x7f == 0x7f {
		return math.NaN()
	}
	return small(int(b), 4, 3, 7)
}

// small decodes a float of few bits that is neither infinite nor NaN.
func small(bits, exponentBits, mantissaBits, bias int) float64 {
	exponent := bits >> mantissaBits & (1<<exponentBits - 1)
	mantissa := float64(bits & (1<<mantissaBits - 1))
	v := math.Ldexp(mantissa, 1-bias-mantissaBits)
	if exponent > 0 {
		v = math.Ldexp(mantissa+float64(int(1)<<mantissaBits), exponent-bias-mantissaBits)
	}
	if bits>>(exponentBits+mantissaBits) != 0 {
		return -v
	}
	return v
}
