package tensor

import "hash/crc32"

// Content is the content of a tensor of the target: the elements of its parts, each
// in row-major order, one part after the other, as DType.
type Content struct {
	DType DType
	Parts []*Tensor
	Add   float32 // to every element, computed in float32 and cast to DType; 0 for nothing
	Scale float32 // times every element, after Add, computed in float32 and cast to DType; 0 for nothing
	Undo  bool    // Scale is divided by, before Add
	// Exact is for a cast that may round although nobody chose a dtype: Gatherer.Rounded counts what it did round.
	Exact bool
}

// Numel returns the number of elements.
func (c *Content) Numel() int64 {
	n := int64(0)
	for _, part := range c.Parts {
		n += part.Numel()
	}
	return n
}

// Bytes returns the size in bytes.
func (c *Content) Bytes() int64 { return c.Numel() * c.DType.Size() }

// Strided reports whether some part is not in row-major order in its file,
// so that larger pieces are read faster than smaller ones.
func (c *Content) Strided() bool {
	for _, part := range c.Parts {
		if !part.Contiguous() {
			return true
		}
	}
	return false
}

// A Gatherer reads pieces of contents. It keeps three small buffers, so a worker has
// one of its own; its memory does not grow with a model's size.
type Gatherer struct {
	files  *Files
	raw    []byte // elements before a cast
	turned []byte // columns before they are turned into rows, after a cast
	wide   []byte // float32 that are computed with before a cast
	// Overflows counts the elements that a cast turned from finite to infinite.
	Overflows int64
	// Rounded counts the elements of contents that are Exact to which a cast gave another value.
	Rounded int64
	exact   bool // the content that is being read

	keep   *sums  // of the file that is being read, nil if its sums are not kept
	sum    uint32 // of what the last Read summed on the way, from its start
	summed int64  // bytes
}

// scratchBytes is the most that is read at once if a cast or a gather needs
// a second buffer: small enough for a processor's cache. It divides by every
// element size.
const scratchBytes = 256 << 10

// NewGatherer returns a gatherer that reads from files.
func NewGatherer(files *Files) *Gatherer { return &Gatherer{files: files} }

// Read fills p with the bytes of c from off. Both len(p) and off are multiples
// of the element size, and the piece is inside the content.
func (g *Gatherer) Read(p []byte, c *Content, off int64) error {
	size := c.DType.Size()
	start := off / size
	g.sum, g.summed, g.exact = 0, 0, c.Exact
	for _, part := range c.Parts {
		n := part.Numel()
		if start >= n {
			start -= n
			continue
		}
		count := min(n-start, int64(len(p))/size)
		if err := g.readElements(p[:count*size], c, part, start, count); err != nil {
			return err
		}
		p = p[count*size:]
		if start = 0; len(p) == 0 {
			return nil
		}
	}
	return nil
}

// readElements fills p with elements start … start+count of one part, with what is done to them.
func (g *Gatherer) readElements(p []byte, c *Content, part *Tensor, start, count int64) error {
	if c.Scale != 0 || c.Add != 0 {
		return g.readScaled(p, c, part, start, count)
	}
	return g.readPart(p, part, c.DType, start, count)
}

// Sum returns the CRC-32 (IEEE) of p, which the last Read has filled. Bytes that
// came unchanged from files with checksums were summed on the way.
func (g *Gatherer) Sum(p []byte) uint32 {
	if g.summed == int64(len(p)) {
		return g.sum
	}
	return crc32.ChecksumIEEE(p)
}

// readPart fills p with elements start … start+count of one tensor, cast to dtype.
func (g *Gatherer) readPart(p []byte, t *Tensor, dtype DType, start, count int64) error {
	if t.Filled() {
		clear(p)
		g.summed = -1 // no file has a sum of them
		return nil
	}
	if t.Ordered != nil {
		return g.readOrdered(p, t, dtype, start, count)
	}
	if t.Blocks != nil {
		return g.readBlocks(p, t, dtype, start, count)
	}
	if t.Contiguous() {
		return g.readWhole(p, t, dtype, t.Offset+start*t.DType.Size(), count)
	}
	return g.gather(p, newView(t), dtype, start, count)
}

// readWhole is readRun for what is read once and in order, so that the sums of it are
// worth keeping.
func (g *Gatherer) readWhole(p []byte, t *Tensor, dtype DType, at, count int64) error {
	g.keep = g.files.sums[t.File]
	err := g.readRun(p, t, dtype, at, count)
	g.keep = nil
	return err
}

// readRun fills p with count elements of t that follow each other in the file, from the
// byte at of its file.
func (g *Gatherer) readRun(p []byte, t *Tensor, dtype DType, at, count int64) error {
	if t.DType == dtype {
		if err := g.files.ReadAt(t.File, p, at); err != nil || g.keep == nil {
			return err
		}
		sum := g.note(at, p)
		if g.summed >= 0 {
			g.sum = CombineCRC(g.sum, sum, int64(len(p)))
			g.summed += int64(len(p))
		}
		return nil
	}
	from, to := t.DType.Size(), dtype.Size()
	for count > 0 {
		n := min(count, scratchBytes/from)
		raw := buffer(&g.raw)[:n*from]
		if err := g.files.ReadAt(t.File, raw, at); err != nil {
			return err
		}
		if g.keep != nil {
			g.note(at, raw)
		}
		g.cast(p[:n*to], raw, t.DType, dtype)
		p, at, count = p[n*to:], at+n*from, count-n
	}
	return nil
}

// note sums bytes that were read from a file with checksums.
func (g *Gatherer) note(at int64, p []byte) uint32 {
	sum := crc32.ChecksumIEEE(p)
	g.keep.note(at, at+int64(len(p)), sum)
	return sum
}

// cast fills p with the elements of raw.
func (g *Gatherer) cast(p, raw []byte, from, to DType) {
	if from == to {
		copy(p, raw)
		return
	}
	g.Overflows += caster(from, to)(p, raw)
	if g.exact && to != Float32 {
		g.Rounded += rounded(p, raw, to, from)
	}
}

// buffer makes a scratch buffer when it is first needed.
func buffer(b *[]byte) []byte {
	if *b == nil {
		*b = make([]byte, scratchBytes)
	}
	return *b
}
