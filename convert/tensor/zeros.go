package tensor

// Zeros returns a tensor of zeros, which is in no file.
func Zeros(dtype DType, shape []int64) *Tensor {
	return &Tensor{Name: "zeros", DType: dtype, Shape: shape}
}

// Filled reports whether the tensor is of zeros that are in no file.
func (t *Tensor) Filled() bool { return t.File == nil && t.Blocks == nil }
