package tensor

import (
	"encoding/binary"
	"math"
)

// readScaled is readPart with Add added to every element and the sum times Scale: in float32, as torch computes
// it, and cast once after that; or with that undone, which is rounded to float32 once.
func (g *Gatherer) readScaled(p []byte, c *Content, t *Tensor, start, count int64) error {
	size := c.DType.Size()
	for count > 0 {
		n := min(count, scratchBytes/Float32.Size())
		wide := p[:n*size]
		if c.DType != Float32 {
			wide = buffer(&g.wide)[:n*Float32.Size()]
		}
		if err := g.readPart(wide, t, Float32, start, n); err != nil {
			return err
		}
		g.Overflows += c.change(wide)
		if c.DType != Float32 {
			g.cast(p[:n*size], wide, Float32, c.DType)
		}
		p, start, count = p[n*size:], start+n, count-n
	}
	g.summed = -1
	return nil
}

// PowerOfTwo reports whether multiplying by a number rounds nothing; 0 is for no number.
func PowerOfTwo(scale float32) bool {
	fraction, _ := math.Frexp(float64(scale))
	return scale == 0 || math.Abs(fraction) == 0.5
}

// change does to float32 what is done to every element, and returns how many that were finite became infinite.
func (c *Content) change(wide []byte) (overflows int64) {
	if c.Undo {
		return undoFloat32(wide, float64(c.Scale), float64(c.Add))
	}
	if c.Add != 0 {
		addFloat32(wide, c.Add)
	}
	if c.Scale != 0 {
		overflows = scaleFloat32(wide, c.Scale)
	}
	return overflows
}

// becomesInfinite reports whether a float32 is infinite that was finite before.
func becomesInfinite(was, is uint32) bool {
	const sign, infinite = 1 << 31, 0x7f800000 // greater magnitudes are NaN
	return is&^sign == infinite && was&^sign < infinite
}

// scaleFloat32 multiplies every float32 of p, rounded to nearest, and returns how many that were finite became
// infinite.
func scaleFloat32(p []byte, factor float32) (overflows int64) {
	for ; len(p) >= 4; p = p[4:] {
		was := binary.LittleEndian.Uint32(p)
		is := math.Float32bits(math.Float32frombits(was) * factor)
		if becomesInfinite(was, is) {
			overflows++
		}
		binary.LittleEndian.PutUint32(p, is)
	}
	return overflows
}

// undoFloat32 is scaleFloat32 for the quotient with a number added, rounded once.
func undoFloat32(p []byte, factor, add float64) (overflows int64) {
	for ; len(p) >= 4; p = p[4:] {
		was := binary.LittleEndian.Uint32(p)
		is := math.Float32bits(float32(float64(math.Float32frombits(was))/factor + add))
		if becomesInfinite(was, is) {
			overflows++
		}
		binary.LittleEndian.PutUint32(p, is)
	}
	return overflows
}
