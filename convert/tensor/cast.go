package tensor

import (
	"bytes"
	"encoding/binary"
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
		return throughFloat32(bfloat16ToFloat32, float32ToFloat16)
	case from == Float16 && to == BFloat16:
		return throughFloat32(float16ToFloat32, float32ToBFloat16)
	}
	panic("no cast from " + from.String() + " to " + to.String())
}

// throughFloat32 takes one narrow dtype to the other. float32 holds every value of
// both, so only the second cast rounds.
func throughFloat32(widen, narrow castFunc) castFunc {
	return func(to, from []byte) (overflows int64) {
		var wide [4096]byte
		for len(from) > 0 {
			n := min(len(from), len(wide)/2)
			widen(wide[:2*n], from[:n])
			overflows += narrow(to[:n], wide[:2*n])
			to, from = to[n:], from[n:]
		}
		return overflows
	}
}

// The casts take four elements at a time as integers of 64 bits, two or four to
// each, and those one by one that need it: NaN, what may overflow, subnormals.

func bfloat16ToFloat32(to, from []byte) int64 {
	fours := len(from) / 8
	for i := range fours {
		t, f := to[16*i:16*i+16], from[8*i:8*i+8]
		low, high := spread(binary.LittleEndian.Uint64(f))
		binary.LittleEndian.PutUint64(t, low<<16)
		binary.LittleEndian.PutUint64(t[8:], high<<16)
	}
	to, from = to[16*fours:], from[8*fours:]
	for ; len(from) >= 2; to, from = to[4:], from[2:] {
		binary.LittleEndian.PutUint32(to, uint32(binary.LittleEndian.Uint16(from))<<16)
	}
	return 0
}

func float16ToFloat32(to, from []byte) int64 {
	fours := len(from) / 8
	for i := range fours {
		t, f := to[16*i:16*i+16], from[8*i:8*i+8]
		if four := binary.LittleEndian.Uint64(f); normalFloat16s(four) {
			low, high := spread(four)
			binary.LittleEndian.PutUint64(t, widenFloat16s(low))
			binary.LittleEndian.PutUint64(t[8:], widenFloat16s(high))
		} else {
			float16ToFloat32Singly(t, f)
		}
	}
	float16ToFloat32Singly(to[16*fours:], from[8*fours:])
	return 0
}

func float16ToFloat32Singly(to, from []byte) {
	for ; len(from) >= 2; to, from = to[4:], from[2:] {
		binary.LittleEndian.PutUint32(to, widenFloat16(binary.LittleEndian.Uint16(from)))
	}
}

func float32ToBFloat16(to, from []byte) (overflows int64) {
	fours := len(from) / 16
	for i := range fours {
		t, f := to[8*i:8*i+8], from[16*i:16*i+16]
		low, high := binary.LittleEndian.Uint64(f), binary.LittleEndian.Uint64(f[8:])
		if fitBFloat16(low, high) {
			binary.LittleEndian.PutUint64(t, join(narrowBFloat16s(low), narrowBFloat16s(high)))
		} else {
			overflows += narrowSingly(t, f, narrowBFloat16, 0x7f80)
		}
	}
	return overflows + narrowSingly(to[8*fours:], from[16*fours:], narrowBFloat16, 0x7f80)
}

func float32ToFloat16(to, from []byte) (overflows int64) {
	fours := len(from) / 16
	for i := range fours {
		t, f := to[8*i:8*i+8], from[16*i:16*i+16]
		low, high := binary.LittleEndian.Uint64(f), binary.LittleEndian.Uint64(f[8:])
		if fitFloat16(low, high) {
			binary.LittleEndian.PutUint64(t, join(narrowFloat16s(low), narrowFloat16s(high)))
		} else {
			overflows += narrowSingly(t, f, narrowFloat16, 0x7c00)
		}
	}
	return overflows + narrowSingly(to[8*fours:], from[16*fours:], narrowFloat16, 0x7c00)
}

// rounded counts the elements of from that are not what their cast, to, is when it is cast back.
func rounded(to, from []byte, narrow, wide DType) (n int64) {
	var again [4096]byte
	size, back := int(wide.Size()), caster(narrow, wide)
	for len(from) > 0 {
		count := min(len(from), len(again)) / size
		back(again[:count*size], to[:count*int(narrow.Size())])
		for i := range count {
			if !bytes.Equal(again[i*size:(i+1)*size], from[i*size:(i+1)*size]) {
				n++
			}
		}
		to, from = to[count*int(narrow.Size()):], from[count*size:]
	}
	return n
}

// narrowSingly counts the elements that become infinite and were not.
func narrowSingly(to, from []byte, narrow func(uint32) uint16, infinity uint16) (overflows int64) {
	for ; len(from) >= 4; to, from = to[2:], from[4:] {
		bits := binary.LittleEndian.Uint32(from)
		result := narrow(bits)
		if result&0x7fff == infinity && bits&0x7fffffff != 0x7f800000 {
			overflows++
		}
		binary.LittleEndian.PutUint16(to, result)
	}
	return overflows
}
