package olmo

import (
	"hf2olmo/convert/folder"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

// Stored is a tensor in a file of torch.save, where its bytes can share the blocks of the files that they are
// from, if the layout has that.
func Stored(c *tensor.Content, shape []int64, layout int) torchfile.Tensor {
	t := torchfile.Tensor{DType: c.DType, Shape: shape}
	if layout != folder.UnalignedLayout {
		t.Like = c.Like(0, c.Bytes())
	}
	return t
}
