package tensor

import (
	"encoding/binary"
	"math"
)

// readScaled is readPart with Add added to every element and the sum times Scale: in float32, as torch computes
// it, and cast once after that.
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
		if c.Add != 0 {
			addFloat32(wide, c.Add)
		}
		if c.Scale != 0 {
			g.Overflows += scaleFloat32(wide, c.Scale)
		}
		if c.DType != Float32 {
			g.cast(p[:n*size], wide, Float32, c.DType)
		}
		p, start, count = p[n*size:], start+n, count-n
	}
	g.summed = -1
	return nil
}

// scaleFloat32 multiplies every float32 of p, rounded to nearest, and returns how many that were finite became
// infinite.
func scaleFloat32(p []byte, factor float32) (overflows int64) {
	const infinite = 0x7f800000
	for ; len(p) >= 4; p = p[4:] {
		was := binary.LittleEndian.Uint32(p)
		is := math.Float32bits(math.Float32frombits(was) * factor)
		if is&^(1<<31) == infinite && was&^(1<<31) < infinite {
			overflows++
		}
		binary.LittleEndian.PutUint32(p, is)
	}
	return overflows
}
