package output

import (
	"hf2olmo/convert/assemble"
	"hf2olmo/convert/folder"
	"hf2olmo/convert/tensor"
)

// Content is what a folder will contain, and what that is made from.
type Content struct {
	Title   string            // what Progress shows
	Tensors []assemble.Tensor // that the runs of Large refer to
	Large   []assemble.File
	Small   []Small // in the order in which they are written
	// Sources are all tensors of the files that are read, also those that are not copied.
	Sources []tensor.Tensor
	Recipe  Recipe

	// CheckValues sees the values when all are copied, and may refuse them; nil accepts any.
	CheckValues func(*assemble.Seen) error
	// ReadBack opens what was written into dir as a reader would; nil if that is not done.
	ReadBack func(dir string) error
	// Damage says how the files of an existing output differ from what would be written, as far
	// as its manifest cannot show that, and warns of what is odd about it; nil for neither.
	Damage func(existing *folder.Manifest) (damage, warnings []string)
}

// MaxSmall bounds what is read, in bytes, of a file that is compared with a small one: the
// largest is a tokenizer.
const MaxSmall = 64 << 20

// A Recipe is what the manifest says the output was made from. Two runs with the same recipe
// write the same.
type Recipe struct {
	Target  string         // the trainer
	Folder  string         // of the source; the manifest has its absolute path without links
	Small   []string       // paths of the source's files that are hashed whole
	Beside  []string       // as Small; an output that was made without them is not made again
	Weights []*tensor.File // those of which headers and some blocks are hashed
	Choices folder.Choices
	Plan    string // a hash of all that is made of the source's tensors and config
}

// Bytes returns the size of all files.
func (c *Content) Bytes() int64 {
	n := assemble.Bytes(c.Large)
	for _, f := range c.Small {
		n += f.Size()
	}
	return n
}
