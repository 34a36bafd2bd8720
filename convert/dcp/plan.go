package dcp

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

// MaxItem is the most bytes that an item takes, unless one row takes more. A reader
// loads whole items, on every rank, also where it needs but a few rows of them.
const MaxItem = 256 << 20

// maxFile is where a new file begins: files of moderate size are copied to object
// stores in parallel.
const maxFile = 4 << 30

// What the files of a plan are called, with a number between. Trainers' own have other numbers first.
const (
	filePrefix = "__0_"
	fileSuffix = ".distcp"
)

// IsFile reports whether name is one that a plan gives to a file with tensors.
func IsFile(name string) bool {
	number, ok1 := strings.CutPrefix(name, filePrefix)
	number, ok2 := strings.CutSuffix(number, fileSuffix)
	return ok1 && ok2 && number != "" && strings.Trim(number, "0123456789") == ""
}

// itemOverhead is more than what torch's file format adds to the bytes of one tensor; the place of the bytes in
// a block may add almost a block.
const itemOverhead = 4 << 10

// An Entry is a tensor to be stored.
type Entry struct {
	Path  []string // as in Tensor
	DType tensor.DType
	Shape []int64
	Same  int // the number of the entry whose items this one names too, or -1
	// Content is what the bytes are made of, so that they are put where they can share the blocks of their files. With
	// nil they are at multiples of 64 bytes of their items.
	Content *tensor.Content
}

// A Value is an entry that is not a tensor.
type Value struct {
	Path []string // as in Tensor
	Item []byte   // as torch.save writes the value
}

// A Plan is a checkpoint of which everything is known but the bytes of the tensors
// and their checksums.
type Plan struct {
	Metadata Metadata
	Files    []File
}

// A File is a .distcp file: items, one after the other.
type File struct {
	Name  string
	Size  int64
	Items []Item

	values []torchfile.Piece // between and behind the items
}

// An Item holds rows of a tensor, as torch.save writes them.
type Item struct {
	Entry  int              // the number of the tensor
	From   int64            // bytes of the tensor before these rows
	Offset int64            // of the item in its file
	Data   torchfile.Extent // where in the file the bytes of the rows are
	layout *torchfile.Layout
}

// NewPlan lays out a checkpoint of the tensors in their order, cut along their first
// dimension, and behind them the values. The same entries give the same plan, which has passed Check.
func NewPlan(entries []Entry, values []Value) (*Plan, error) {
	p := &Plan{}
	for i, e := range entries {
		e.Shape = append([]int64{}, e.Shape...) // as it is read back, also of a scalar
		t := Tensor{Name: join(e.Path), Path: e.Path, DType: e.DType, Shape: e.Shape}
		var err error
		if e.Same >= 0 {
			t.Chunks = p.Metadata.Tensors[e.Same].Chunks
		} else if t.Chunks, err = p.add(i, e); err != nil {
			return nil, fmt.Errorf("%s: %w", t.Name, err)
		}
		p.Metadata.Tensors = append(p.Metadata.Tensors, t)
	}
	for _, v := range values {
		f := p.file(int64(len(v.Item)))
		p.Metadata.Blobs = append(p.Metadata.Blobs, Blob{Name: join(v.Path), Path: v.Path, File: f.Name, Offset: f.Size,
			Bytes: int64(len(v.Item))})
		f.values = append(f.values, torchfile.Piece{Offset: f.Size, Data: v.Item})
		f.Size += int64(len(v.Item))
	}
	return p, p.Metadata.Check()
}

func join(path []string) string {
	name := path[0]
	for _, part := range path[1:] {
		name += "." + part
	}
	return name
}

// add lays out the items of one tensor behind those that are there.
func (p *Plan) add(entry int, e Entry) ([]Chunk, error) {
	rows, rest := int64(1), e.Shape
	if len(e.Shape) > 0 {
		rows, rest = e.Shape[0], e.Shape[1:]
	}
	rowBytes, ok := tensor.Product(append([]int64{e.DType.Size()}, rest...))
	if !ok {
		return nil, fmt.Errorf("the shape %s is too large", tensor.ShapeString(e.Shape))
	}
	overhead := int64(itemOverhead)
	if e.Content != nil {
		overhead += tensor.ShareBlock
	}
	step := max(1, (MaxItem-overhead)/max(rowBytes, 1))
	var chunks []Chunk
	for first := int64(0); first < rows || first == 0; first += step {
		n := min(step, rows-first)
		c := Chunk{Start: make([]int64, len(e.Shape)), Shape: slices.Clone(e.Shape)}
		if len(e.Shape) > 0 {
			c.Start[0], c.Shape[0] = first, n
		}
		like := int64(0)
		if e.Content != nil {
			like = e.Content.Like(first*rowBytes, n*rowBytes)
		}
		item := Item{Entry: entry, From: first * rowBytes}
		if err := p.append(&item, torchfile.Tensor{DType: e.DType, Shape: c.Shape}, like); err != nil {
			return nil, err
		}
		c.File, c.Offset, c.Bytes = p.Files[len(p.Files)-1].Name, item.Offset, item.layout.Size
		chunks = append(chunks, c)
	}
	return chunks, nil
}

// append puts an item behind the others. Its bytes begin at a byte like in a block of the file, 0 for any.
func (p *Plan) append(item *Item, t torchfile.Tensor, like int64) (err error) {
	for size := int64(0); ; size = item.layout.Size {
		f := p.file(size)
		if like > 0 {
			t.Like = 1 + (like-1+tensor.ShareBlock-f.Size%tensor.ShareBlock)%tensor.ShareBlock
		}
		if item.layout, err = torchfile.PlanTensor("archive", t); err != nil {
			return err
		}
		if f.Size > 0 && f.Size+item.layout.Size > maxFile {
			continue // in the next file, where the place in a block is another
		}
		item.Offset = f.Size
		item.Data = item.layout.Storages[0]
		item.Data.Offset += item.Offset
		f.Items = append(f.Items, *item)
		f.Size += item.layout.Size
		return nil
	}
}

// file returns the file that receives so many bytes next.
func (p *Plan) file(bytes int64) *File {
	n := len(p.Files)
	if n == 0 || p.Files[n-1].Size+bytes > maxFile {
		p.Files = append(p.Files, File{Name: filePrefix + strconv.Itoa(n) + fileSuffix})
		n++
	}
	return &p.Files[n-1]
}

// Frame returns all bytes of the file that are not in an item's Data, in rising order
// of their offsets. crcs holds the CRC-32 (IEEE) of each item's Data.
func (f *File) Frame(crcs []uint32) []torchfile.Piece {
	var pieces []torchfile.Piece
	for i, item := range f.Items {
		for _, piece := range item.layout.Frame(crcs[i : i+1]) {
			piece.Offset += item.Offset
			pieces = append(pieces, piece)
		}
	}
	return append(pieces, f.values...)
}
