package tensor

import (
	"fmt"
	"math/bits"
	"os"
	"strings"
	"time"
)

// A File is a weights file as it was when its header was read.
type File struct {
	Path    string    // where it is opened
	Name    string    // what messages call it, such as "model-00001-of-00003.safetensors"
	Size    int64     // bytes
	ModTime time.Time // compared when all is read: a file that changed meanwhile is an error
	Records []Record  // with the checksums in the file; see Files.CheckRecords
	NoSums  bool      // it was written without checksums, so that damage cannot be seen
}

// NewFile returns the file at path, called name in messages, of which info is from the open file.
func NewFile(path, name string, info os.FileInfo) *File {
	return &File{Path: path, Name: name, Size: info.Size(), ModTime: info.ModTime()}
}

// A Tensor is one entry of a state dict: what it is, and where its elements are.
// Element (i0, i1, …) is at byte Offset + (i0·Stride[0] + i1·Stride[1] + …)·DType.Size()
// of File. The package that makes a Tensor has checked that all of them are inside the file.
type Tensor struct {
	Name   string
	DType  DType
	Shape  []int64 // never negative; empty for a scalar
	Stride []int64 // in elements, as long as Shape, never negative; nil means row-major
	File   *File
	Offset int64 // bytes
	// Blocks are the parts of a tensor that is not in one place, in the order of
	// their first elements; nil for one that does. Stride and Offset mean nothing then,
	// and File is that of the first block.
	Blocks []Block
	Flat   bool // blocks are ranges of the elements in row-major order
	// Ordered has the rows of the tensor in another order; nil if they are in their own. Where they are
	// is known there.
	Ordered *Ordered
	// Cut is which part of the tensor called Name it is, as messages say it: "rows 0 to 15"; "" for all of it.
	Cut string
}

// Called is what messages call the tensor.
func (t *Tensor) Called() string {
	if t.Cut == "" {
		return t.Name
	}
	return t.Name + ", " + t.Cut
}

// MaxTensors is the most tensors that a file, or a model in several files, may have. The
// largest models that the trainers support have about ten thousand.
const MaxTensors = 100_000

// MaxDims is the most dimensions that a tensor of a file may have. torch stops at 64, and
// the tensors of models have up to 5; a hostile file could make us count far more.
const MaxDims = 16

// MaxNames is the most bytes that the names of a file's tensors may take together. The
// largest models have about ten thousand in a file, of about fifty bytes each.
const MaxNames = 4 << 20

// Numel returns the number of elements.
func (t *Tensor) Numel() int64 {
	n, _ := Product(t.Shape)
	return n
}

// Bytes returns the size of the elements in row-major order, each once per index.
func (t *Tensor) Bytes() int64 { return t.Numel() * t.DType.Size() }

// Contiguous reports whether the elements are in row-major order without gaps.
func (t *Tensor) Contiguous() bool {
	if t.Ordered != nil {
		return false
	}
	for i := range t.Blocks {
		if !t.Blocks[i].Data.Contiguous() {
			return false
		}
	}
	if t.Stride == nil {
		return true
	}
	want := int64(1)
	for i := len(t.Shape) - 1; i >= 0; i-- {
		if t.Shape[i] != 1 && t.Stride[i] != want {
			return t.Numel() == 0
		}
		want *= t.Shape[i]
	}
	return true
}

// Product multiplies sizes, none of them negative; ok is false past 2^62.
func Product(sizes []int64) (n int64, ok bool) {
	n = 1
	for _, s := range sizes {
		if s == 0 {
			return 0, true
		}
	}
	for _, s := range sizes {
		hi, lo := bits.Mul64(uint64(n), uint64(s))
		if s < 0 || hi != 0 || lo > 1<<62 {
			return 0, false
		}
		n = int64(lo)
	}
	return n, true
}

// TooLarge reports whether so many bytes are more than can be made of files that have
// source bytes together. A cast doubles them, and layers may share their weights; but
// a hostile file of some bytes can name them as a tensor of any size.
func TooLarge(made, source int64) bool {
	return made > smallBytes && made/MaxGrowth > source
}

// MaxGrowth is how many times as large as its file a model may be.
const MaxGrowth = 64

const smallBytes = 64 << 20 // bytes

// ShapeString writes a shape as torch does: [4096, 11008].
func ShapeString(shape []int64) string {
	return strings.ReplaceAll(fmt.Sprint(shape), " ", ", ")
}
