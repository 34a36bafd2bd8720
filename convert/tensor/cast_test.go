package tensor

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"
)

// widen is float16 to float32 by arithmetic, independent of the bit operations.
func widen(half uint16) float64 {
	sign := 1 - 2*float64(half>>15)
	exponent, mantissa := int(half>>10&0x1f), float64(half&0x3ff)
	switch exponent {
	case 0x1f:
		if mantissa != 0 {
			return math.NaN()
		}
		return sign * math.Inf(1)
	case 0:
		return sign * math.Ldexp(mantissa, -24)
	}
	return sign * math.Ldexp(1024+mantissa, exponent-25)
}

// TestWidenEveryValue takes every float16 and bfloat16 to float32 and back.
func TestWidenEveryValue(t *testing.T) {
	for n := range 1 << 16 {
		half := uint16(n)
		got := math.Float32frombits(widenFloat16(half))
		if want := widen(half); float64(got) != want && !(math.IsNaN(want) && got != got) {
			t.Fatalf("float16 %04x is %v, want %v", half, got, want)
		}
		back := narrowFloat16(widenFloat16(half))
		if nan := half&0x7fff > 0x7c00; back != half && !(nan && back == half|0x200) {
			t.Fatalf("float16 %04x comes back as %04x", half, back)
		}
		brain := narrowBFloat16(uint32(half) << 16)
		if nan := half&0x7fff > 0x7f80; brain != half && !(nan && brain == half|0x40) {
			t.Fatalf("bfloat16 %04x comes back as %04x", half, brain)
		}
	}
}

// nearest rounds x to the nearest of the values that up and down bracket it, by trying both.
func nearest(x float64, narrow uint16, value func(uint16) float64, infinite uint16) bool {
	got := value(narrow)
	for _, other := range []uint16{narrow - 1, narrow + 1} {
		if narrow&0x7fff == 0 && other == narrow-1 || other&0x7fff > infinite {
			continue
		}
		o := value(other)
		if other&0x7fff == infinite { // the value that would be next if the exponent went on
			o = 2*value(infinite-1) - value(infinite-2)
			o = math.Copysign(o, x)
		}
		g := got
		if narrow&0x7fff == infinite {
			g = math.Copysign(2*value(infinite-1)-value(infinite-2), x)
			if math.Abs(x) > math.Abs(g) {
				return true
			}
		}
		mine, theirs := math.Abs(x-g), math.Abs(x-o)
		if theirs < mine || theirs == mine && narrow&1 == 1 {
			return false
		}
	}
	return math.Signbit(got) == math.Signbit(x)
}

// TestNarrowIsNearestEven rounds random floats, and those around every boundary
// between two narrow values, and compares the distance to both neighbours.
func TestNarrowIsNearestEven(t *testing.T) {
	brain := func(b uint16) float64 { return float64(math.Float32frombits(uint32(b) << 16)) }
	check := func(bits uint32) {
		x := float64(math.Float32frombits(bits))
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return
		}
		if n := narrowFloat16(bits); !nearest(x, n, widen, 0x7c00) {
			t.Fatalf("float32 %08x (%v) became float16 %04x (%v)", bits, x, n, widen(n))
		}
		if n := narrowBFloat16(bits); !nearest(x, n, brain, 0x7f80) {
			t.Fatalf("float32 %08x (%v) became bfloat16 %04x (%v)", bits, x, n, brain(n))
		}
	}
	for n := range 1 << 16 {
		for _, middle := range []uint32{uint32(n)<<16 + 0x8000, widenFloat16(uint16(n)) + 0x1000} {
			for _, d := range []uint32{0, 1, 2, ^uint32(0), ^uint32(1)} {
				check(middle + d)
			}
		}
		if n&0x7c00 == 0 { // halfway between subnormals
			check(math.Float32bits(float32(float64(n&0x3ff)+0.5) / (1 << 24)))
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 2_000_000 {
		check(random.Uint32())
	}
}

// TestCastCountsOverflows casts slices, and counts what becomes infinite.
func TestCastCountsOverflows(t *testing.T) {
	values := []float32{1, -65519, 65520, float32(math.Inf(1)), -1e30, 3.4e38, -3.39e38}
	from := make([]byte, 4*len(values))
	for i, v := range values {
		binary.LittleEndian.PutUint32(from[4*i:], math.Float32bits(v))
	}
	to := make([]byte, 2*len(values))
	if n := caster(Float32, Float16)(to, from); n != 4 {
		t.Errorf("float16: %d overflows", n)
	}
	if got := binary.LittleEndian.Uint16(to[2:]); got != 0xfbff {
		t.Errorf("-65519 became %04x", got)
	}
	if n := caster(Float32, BFloat16)(to, from); n != 1 {
		t.Errorf("bfloat16: %d overflows", n)
	}
}

// edges are the float32 around every boundary between two narrow values, all signs,
// and random ones: what the casts of four at a time must distinguish.
func edges() []byte {
	var p []byte
	for n := range 1 << 16 {
		for _, middle := range []uint32{uint32(n)<<16 + 0x8000, uint32(n) << 16, widenFloat16(uint16(n)) + 0x1000,
			widenFloat16(uint16(n))} {
			for _, d := range []uint32{0, 1, ^uint32(0)} {
				p = binary.LittleEndian.AppendUint32(p, middle+d)
			}
		}
	}
	random := rand.New(rand.NewPCG(9, 10))
	for range 1_000_000 {
		p = binary.LittleEndian.AppendUint32(p, random.Uint32())
	}
	for range 1_000_000 { // of the size of weights, so that four in a row are normal
		p = binary.LittleEndian.AppendUint32(p, math.Float32bits(random.Float32()-0.5))
	}
	return p
}

// TestCastsOfSlices compares the casts of four at a time with those of one.
func TestCastsOfSlices(t *testing.T) {
	from := edges()
	for _, c := range []struct {
		to       DType
		one      func(uint32) uint16
		infinity uint16
	}{{BFloat16, narrowBFloat16, 0x7f80}, {Float16, narrowFloat16, 0x7c00}} {
		for _, cut := range []int{0, 4, 8, 12} { // lengths that four does not divide
			p := from[cut:]
			to, want := make([]byte, len(p)/2), make([]byte, len(p)/2)
			overflows := caster(Float32, c.to)(to, p)
			if n := narrowSingly(want, p, c.one, c.infinity); n != overflows || !bytes.Equal(to, want) {
				t.Errorf("float32 to %s from %d on: %d overflows, one by one %d", c.to, cut, overflows, n)
			}
		}
	}
	var halves []byte
	for n := range 1 << 16 {
		halves = binary.LittleEndian.AppendUint16(halves, uint16(n))
	}
	halves = append(halves, weights(Float16, 1001)...)
	for _, d := range []DType{Float16, BFloat16} {
		wide := make([]byte, 2*len(halves))
		caster(d, Float32)(wide, halves)
		for i := 0; i < len(halves); i += 2 {
			half := binary.LittleEndian.Uint16(halves[i:])
			want := widenFloat16(half)
			if d == BFloat16 {
				want = uint32(half) << 16
			}
			if got := binary.LittleEndian.Uint32(wide[2*i:]); got != want {
				t.Fatalf("%s %04x became %08x, want %08x", d, half, got, want)
			}
		}
		other := Float16 + BFloat16 - d
		direct, through := make([]byte, len(halves)), make([]byte, len(halves))
		if n, m := caster(d, other)(direct, halves), caster(Float32, other)(through, wide); n != m ||
			!bytes.Equal(direct, through) {
			t.Errorf("%s to %s: differs from the way through float32", d, other)
		}
	}
}
