package torchfile

import (
	"math/bits"

	"github.com/nlpodyssey/gopickle/types"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/pickle"
	"hf2olmo/convert/tensor"
)

// tensorValue is a tensor as the pickle describes it. Its numbers are checked when
// its name is known, so that faults can name it.
type tensorValue struct {
	in            *view
	offset        int64 // elements from the start of the view
	shape, stride []int64
	dtype         tensor.DType
	dtypeName     string
	gradient      bool         // requires one
	refused       *fault.Fault // why it cannot be read, if it cannot
}

// rebuildTensor is torch._utils._rebuild_tensor(storage, offset, size, stride).
func rebuildTensor(args []any) (any, error) {
	if len(args) != 4 {
		return nil, pickle.Broken("a tensor with too few or too many parts")
	}
	v, isView := args[0].(*view)
	offset, isOffset := pickle.Int(args[1])
	if !isView || !isOffset {
		return nil, pickle.Broken("a tensor without storage or offset")
	}
	t := &tensorValue{in: v, offset: offset, dtype: v.dtype, dtypeName: v.dtype.String()}
	shape, isShape := pickle.Sizes(args[2], tensor.MaxDims)
	stride, isStride := pickle.Sizes(args[3], tensor.MaxDims)
	if dims := max(length(args[2]), length(args[3])); dims > tensor.MaxDims {
		t.refused = problem("has %d dimensions, more than any model's tensors", dims)
	} else if offset < 0 || !isShape || !isStride || len(shape) != len(stride) {
		t.refused = damaged("its offset, shape or stride is negative or not a number")
	}
	t.shape, t.stride = shape, stride
	return t, nil
}

// rebuildTensorV2 takes requires_grad, hooks and, rarely, metadata in addition.
func rebuildTensorV2(args []any) (any, error) {
	if len(args) != 6 && len(args) != 7 {
		return nil, pickle.Broken("a tensor with too few or too many parts")
	}
	value, err := rebuildTensor(args[:4])
	if err != nil {
		return nil, err
	}
	t := value.(*tensorValue)
	if len(args) == 7 && !isEmpty(args[6]) {
		t.refused = problem("its elements are stored conjugated or negated, which is not supported")
	}
	return t, t.checkGradient(args[4], args[5])
}

// rebuildTensorV3 takes a dtype before the metadata, and an UntypedStorage.
func rebuildTensorV3(args []any) (any, error) {
	if len(args) != 7 && len(args) != 8 {
		return nil, pickle.Broken("a tensor with too few or too many parts")
	}
	class, ok := args[6].(dtypeClass)
	if !ok {
		return nil, pickle.Broken("a tensor without dtype")
	}
	value, err := rebuildTensorV2(append(args[:6:6], args[7:]...))
	if err != nil {
		return nil, err
	}
	t := value.(*tensorValue)
	t.dtype, t.dtypeName = class.dtype, class.name
	return t, nil
}

// checkGradient takes requires_grad and the hooks of the backward pass, which torch
// always writes as an empty OrderedDict.
func (t *tensorValue) checkGradient(requires, hooks any) error {
	if _, isBool := requires.(bool); !isBool || !isEmpty(hooks) {
		return pickle.Broken("a tensor with hooks, or whose requires_grad is not a bool")
	}
	t.gradient = t.gradient || requires == true
	return nil
}

// rebuildParameter takes the parameter's data, requires_grad and hooks.
func rebuildParameter(args []any) (any, error) {
	if len(args) != 3 {
		return nil, pickle.Broken("a parameter with too few or too many parts")
	}
	t, ok := args[0].(*tensorValue)
	if !ok {
		return nil, pickle.Broken("a parameter that is not a tensor")
	}
	return t, t.checkGradient(args[1], args[2])
}

// rebuildParameterWithState takes Python attributes in addition, which a program set on
// the parameter.
func rebuildParameterWithState(args []any) (any, error) {
	if len(args) != 4 {
		return nil, pickle.Broken("a parameter with too few or too many parts")
	}
	value, err := rebuildParameter(args[:3])
	if err != nil {
		return nil, err
	}
	return value, checkState(args[3])
}

// rebuildFromType takes a function, a class, the function's arguments and Python
// attributes: so torch writes a tensor with an attribute that a program set.
func rebuildFromType(args []any) (any, error) {
	if len(args) != 4 {
		return nil, pickle.Broken("a tensor with too few or too many parts")
	}
	f, isFunction := args[0].(function)
	_, isType := args[1].(typeClass)
	tuple, isTuple := args[2].(*types.Tuple)
	if !isFunction || !isType || !isTuple {
		return nil, pickle.Broken("a tensor of an unknown class")
	}
	// One step only: the function may not be another call of the same kind.
	if len(*tuple) > 0 {
		if _, nested := (*tuple)[0].(function); nested {
			return nil, pickle.Broken("a tensor of an unknown class")
		}
	}
	value, err := f(*tuple)
	if err != nil {
		return nil, err
	}
	if _, ok := value.(*tensorValue); !ok {
		return nil, pickle.Broken("a tensor of an unknown class")
	}
	return value, checkState(args[3])
}

// rebuildSize is torch.Size(tuple).
func rebuildSize(args []any) (any, error) {
	if len(args) != 1 {
		return nil, pickle.Broken("a torch.Size with too few or too many parts")
	}
	if _, ok := pickle.Sizes(args[0], tensor.MaxDims); !ok {
		return nil, pickle.Broken("a torch.Size of something other than numbers")
	}
	return args[0], nil
}

// length returns the number of items of a tuple or list, 0 for anything else.
func length(v any) int {
	switch v := v.(type) {
	case *types.Tuple:
		return v.Len()
	case *types.List:
		return v.Len()
	}
	return 0
}

func isEmpty(v any) bool { return v == nil || isDict(v) && dictLen(v) == 0 }

// resolve returns t as a tensor of file, once all its elements are known to be in it.
func (t *tensorValue) resolve(name string, file *tensor.File) (tensor.Tensor, *fault.Fault) {
	refuse := func(f *fault.Fault) (tensor.Tensor, *fault.Fault) {
		named := *f
		named.Tensor = name
		return tensor.Tensor{}, &named
	}
	s := t.in.of
	switch {
	case t.refused != nil:
		return refuse(t.refused)
	case t.dtype == tensor.Invalid:
		return refuse(problem("has the unknown dtype %s", t.dtypeName))
	case t.gradient && !t.dtype.Differentiable():
		return refuse(damaged("requires a gradient, which tensors of %s do not have", t.dtype))
	case s.lost != nil:
		return refuse(s.lost)
	}
	if _, ok := tensor.Product(append([]int64{t.dtype.Size()}, t.shape...)); !ok {
		return refuse(damaged("has an impossible shape %s", tensor.ShapeString(t.shape)))
	}
	end, ok := reach(t.offset, t.shape, t.stride)
	// For an UntypedStorage the view counts bytes.
	if have := t.in.numel * t.in.dtype.Size() / t.dtype.Size(); !ok || end > have {
		f := damaged("the tensor reaches past its storage")
		f.Expected, f.Found = elements(end, ok), elements(have, true)
		return refuse(f)
	}
	offset := s.offset + t.in.first*t.in.dtype.Size()
	if end > 0 {
		offset += t.offset * t.dtype.Size()
	}
	return tensor.Tensor{
		Name: name, DType: t.dtype, Shape: t.shape, Stride: t.stride, File: file, Offset: offset,
	}, nil
}

// reach returns how many elements of its storage a tensor needs, counted from the
// storage's start: one more than the index of the last; 0 for an empty tensor.
// ok is false past 2^62.
func reach(offset int64, shape, stride []int64) (end int64, ok bool) {
	const limit = 1 << 62
	last := uint64(offset)
	for i, n := range shape {
		if n == 0 {
			return 0, true
		}
		hi, lo := bits.Mul64(uint64(n-1), uint64(stride[i]))
		if hi != 0 || lo > limit || last > limit {
			return 0, false
		}
		last += lo
	}
	return int64(last) + 1, last < limit
}
