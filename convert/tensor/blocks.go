package tensor

import (
	"fmt"
	"slices"
)

// A Block is a part of a tensor that is in a place of its own, as each rank of a distributed run
// saves one.
type Block struct {
	Start []int64 // its first index in each dimension of the tensor's grid
	Data  *Tensor // of the block's shape; it has a file, and no blocks of its own
}

// Grid is the shape in which blocks are cut: Shape, or for flat blocks the number of
// elements alone.
func (t *Tensor) Grid() []int64 {
	if !t.Flat {
		return t.Shape
	}
	return []int64{t.Numel()}
}

// Where names the files that the elements are in, as messages do.
func (t *Tensor) Where() string {
	var files []*File
	for _, part := range t.ownParts() {
		if !slices.Contains(files, part.File) {
			files = append(files, part.File)
		}
	}
	switch {
	case len(files) > 0:
		return FileNames(files)
	case t.File != nil:
		return t.File.Name
	}
	return "" // without elements it may be in no file
}

// FileNames names the first of one or more files, and how many more there are.
func FileNames(files []*File) string {
	if more := len(files) - 1; more > 0 {
		return fmt.Sprintf("%s and %d more", files[0].Name, more)
	}
	return files[0].Name
}

// ByteOf returns the file that contains an element, by its row-major number, and the
// element's byte in it.
func (t *Tensor) ByteOf(element int64) (file *File, at int64) {
	if t.Ordered != nil {
		of, first, _ := t.Ordered.run(element, 1, t.width())
		return of.ByteOf(first)
	}
	if t.Blocks != nil {
		t.Runs(element, func(data *Tensor, first, _ int64) bool {
			file, at = data.ByteOf(first)
			return false
		})
		return file, at
	}
	if t.Stride == nil {
		return t.File, t.Offset + element*t.DType.Size()
	}
	v := newView(t)
	return t.File, v.byteAt(element)
}

// Runs shows the elements of a tensor in blocks in row-major order, from the element
// start on: as runs of elements of one block's Data in its own row-major order, count of
// them from first. It ends when visit returns false. Blocks are sorted by Start, and
// every element is in exactly one: the package that makes the Tensor has checked that.
func (t *Tensor) Runs(start int64, visit func(data *Tensor, first, count int64) bool) {
	grid := t.Grid()
	at := make([]int64, len(grid)) // the index of the next element
	advance(at, grid, start)
	for numel := t.Numel(); start < numel; {
		b := t.blockAt(at)
		first, count := b.run(grid, at)
		if !visit(b.Data, first, count) {
			return
		}
		start += count
		advance(at, grid, count)
	}
}

// blockAt returns the block that contains the element at an index. Blocks that begin in
// earlier rows and reach as far are before it in their order.
func (t *Tensor) blockAt(at []int64) *Block {
	n, _ := slices.BinarySearchFunc(t.Blocks, at, func(b Block, at []int64) int {
		if slices.Compare(b.Start, at) > 0 {
			return 1
		}
		return -1 // the search ends behind a block that begins here
	})
	for i := n - 1; i >= 0; i-- {
		if t.Blocks[i].contains(at) {
			return &t.Blocks[i]
		}
	}
	panic(fmt.Sprintf("%s: no block has the element at %v", t.Name, at)) // the package that made it has checked
}

func (b *Block) contains(at []int64) bool {
	for d, i := range at {
		if i < b.Start[d] || i >= b.Start[d]+b.Data.Shape[d] {
			return false
		}
	}
	return true
}

// run returns which element of the block is at an index of the grid, and how many
// follow it in the block as they do in the tensor.
func (b *Block) run(grid, at []int64) (first, count int64) {
	d := len(grid) - 1
	for d > 0 && b.Data.Shape[d] == grid[d] && at[d] == 0 {
		d--
	}
	count = 1
	for k := range grid {
		first = first*b.Data.Shape[k] + at[k] - b.Start[k]
		if k > d {
			count *= grid[k]
		}
	}
	if len(grid) > 0 {
		count *= b.Start[d] + b.Data.Shape[d] - at[d]
	}
	return first, count
}

// advance moves an index by n elements.
func advance(at, grid []int64, n int64) {
	for d := len(grid) - 1; d >= 0 && n > 0; d-- {
		n += at[d]
		at[d] = n % grid[d]
		n /= grid[d]
	}
}

// readBlocks fills p with elements start … start+count of a tensor in blocks, cast to dtype.
func (g *Gatherer) readBlocks(p []byte, t *Tensor, dtype DType, start, count int64) error {
	if !t.besideEachOther() {
		return g.readRuns(p, t, dtype, start, count)
	}
	width, size := t.Shape[1], dtype.Size()
	head := min(count, (width-start%width)%width) // to the end of a row that began before
	if err := g.readRuns(p[:head*size], t, dtype, start, head); err != nil {
		return err
	}
	p, start, count = p[head*size:], start+head, count-head
	rows := count / width
	if err := g.readRows(p, t, dtype, start/width, rows); err != nil {
		return err
	}
	done := rows * width
	return g.readRuns(p[done*size:], t, dtype, start+done, count-done)
}

// readRuns is readBlocks run by run.
func (g *Gatherer) readRuns(p []byte, t *Tensor, dtype DType, start, count int64) error {
	if count == 0 {
		return nil
	}
	size := dtype.Size()
	var err error
	t.Runs(start, func(data *Tensor, first, n int64) bool {
		n = min(n, count)
		err = g.readPart(p[:n*size], data, dtype, first, n)
		p, count = p[n*size:], count-n
		return err == nil && count > 0
	})
	return err
}
