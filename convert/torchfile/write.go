package torchfile

import (
	"fmt"
	"strconv"

	"hf2olmo/convert/pickle"
	"hf2olmo/convert/tensor"
)

// Tensor is a tensor to be written: contiguous, in a storage of its own. Storages
// are numbered in the order in which their tensors are met, from 0.
type Tensor struct {
	DType tensor.DType
	Shape []int64 // empty for a scalar
	// Like is a byte in a block of which the storage begins, from 1 to tensor.ShareBlock; 0 for any multiple of 64.
	Like int64
}

// room is that of a storage: its bytes, and Like of its tensor.
type room struct{ bytes, like int64 }

// writePickle returns v as a pickle, and each storage that it names.
func writePickle(v any) (data []byte, storages []room, err error) {
	data, err = pickle.Marshal(v, func(v any) (any, error) {
		t, ok := v.(Tensor)
		if !ok {
			return nil, fmt.Errorf("a %T cannot be written as a Python value", v)
		}
		call, bytes, err := t.call(len(storages))
		storages = append(storages, room{bytes, t.Like})
		return call, err
	})
	return data, storages, err
}

// call returns the call that makes the tensor, and the bytes of its storage, which is called key:
//
//	torch._utils._rebuild_tensor_v2(storage, 0, shape, stride, False, OrderedDict())
//
// where storage is a reference to ("storage", torch.FloatStorage, key, "cpu", numel).
func (t Tensor) call(key int) (call *pickle.Call, bytes int64, err error) {
	class := storageNames[t.DType]
	bytes, ok := tensor.Product(append([]int64{t.DType.Size()}, t.Shape...))
	for _, n := range t.Shape {
		ok = ok && n >= 0
	}
	if class == "" || !ok {
		return nil, 0, fmt.Errorf("a tensor of dtype %s and shape %s cannot be written", t.DType, tensor.ShapeString(t.Shape))
	}
	id := pickle.Tuple{"storage", pickle.Name("torch." + class), strconv.Itoa(key), "cpu", bytes / t.DType.Size()}
	hooks := &pickle.Call{Function: "collections.OrderedDict"}
	return &pickle.Call{Function: "torch._utils._rebuild_tensor_v2", Args: pickle.Tuple{
		pickle.Ref{ID: id}, int64(0), pickle.Ints(t.Shape), pickle.Ints(rowMajor(t.Shape)), false, hooks,
	}}, bytes, nil
}

// rowMajor returns the strides of a contiguous tensor, as torch counts them: a
// dimension of size 0 counts as 1.
func rowMajor(shape []int64) []int64 {
	stride := make([]int64, len(shape))
	next := int64(1)
	for i := len(shape) - 1; i >= 0; i-- {
		stride[i] = next
		next *= max(shape[i], 1)
	}
	return stride
}
