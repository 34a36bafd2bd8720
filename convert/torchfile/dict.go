package torchfile

import "hf2olmo/convert/tensor"

// Dict is a Python dict in its order. It may hold no key twice.
type Dict []Item

// Item is one entry of a Dict. Value is a Tensor, int64, bool, string, float64, nil
// (None), []any (a list of such values) or a Dict.
type Item struct {
	Key   string
	Value any
}

// Tensor is a tensor to be written: contiguous, in a storage of its own. Storages
// are numbered in the order in which their tensors are met, from 0.
type Tensor struct {
	DType tensor.DType
	Shape []int64 // empty for a scalar
}
