package torchfile

import (
	"maps"
	"slices"
	"strings"

	"hf2olmo/convert/pickle"
	"hf2olmo/convert/tensor"
)

// loadedStorage is a storage that a pickle refers to.
type loadedStorage struct{ numel, bytes int64 }

func sortedStorages(storages map[string]loadedStorage) []string {
	return slices.Sorted(maps.Keys(storages))
}

// addStorage notes a storage: ("storage", class, key, location, number of elements, …).
func (l *loading) addStorage(o *pickle.Object) {
	ref, f := storageOf(o)
	if f != nil {
		l.unsure = "something other than a storage is referred to"
		return
	}
	found := loadedStorage{ref.numel, ref.numel * ref.dtype.Size()}
	if known, twice := l.storages[ref.key]; twice && known != found {
		l.unsure = "one storage has two sizes"
	}
	l.storages[ref.key] = found
}

// isRebuilt reports whether o is what one of torch's functions makes of a tensor's parts.
func isRebuilt(o *pickle.Object) bool {
	return strings.HasPrefix(o.Class, "torch._utils._rebuild_") || o.Class == "torch._tensor._rebuild_from_type_v2"
}

// A LoadedTensor is what torch.load makes of a tensor in a pickle.
type LoadedTensor struct {
	Shape []int64
	DType tensor.DType // Invalid for one that package tensor does not know
}

// Tensor returns what v is if it is a tensor. ok is false for anything else, and for tensors
// that are not dense.
func (l *Loaded) Tensor(v any) (t LoadedTensor, ok bool) {
	o, isObject := v.(*pickle.Object)
	if !isObject || !isRebuilt(o) {
		return t, false
	}
	found, err := loadedTensor(o)
	if found == nil || err != nil {
		return t, false
	}
	return *found, true
}

// loadedTensor returns the tensor that a rebuild function makes, nil if that is not known, or
// why the function fails.
func loadedTensor(o *pickle.Object) (*LoadedTensor, error) {
	args, _ := o.Args.(*pickle.List)
	for range 3 { // a tensor with attributes, a parameter with state, a parameter
		if args == nil || len(args.Items) == 0 {
			return nil, nil
		}
		switch name := strings.TrimPrefix(o.Class, "torch._utils."); {
		case name == "torch._tensor._rebuild_from_type_v2" && len(args.Items) == 4:
			function, _ := args.Items[0].(*pickle.Object)
			if function == nil {
				return nil, nil
			}
			inner, _ := args.Items[2].(*pickle.List)
			o, args = &pickle.Object{Class: function.Class}, inner
		case strings.HasPrefix(name, "_rebuild_parameter"):
			inner, _ := args.Items[0].(*pickle.Object)
			if inner == nil {
				return nil, nil
			}
			o = inner
			args, _ = inner.Args.(*pickle.List)
		case name == "_rebuild_tensor", name == "_rebuild_tensor_v2", name == "_rebuild_tensor_v3":
			return denseTensor(name, args.Items)
		default:
			return nil, nil
		}
	}
	return nil, nil
}

// torchDims is the most dimensions that a tensor of torch has.
const torchDims = 64

// denseTensor is _rebuild_tensor(storage, offset, size, stride, …).
func denseTensor(name string, args []any) (*LoadedTensor, error) {
	if len(args) < 4 {
		return nil, nil
	}
	ref, f := storageOf(args[0])
	offset, isOffset := args[1].(int64)
	shape, isShape := pickle.OutlineSizes(args[2], torchDims)
	stride, isStride := pickle.OutlineSizes(args[3], torchDims)
	if f != nil || !isOffset || !isShape || !isStride || offset < 0 || len(shape) != len(stride) {
		return nil, nil
	}
	dtype, numel := ref.dtype, ref.numel
	if name == "_rebuild_tensor_v3" && len(args) > 6 {
		class, _ := args[6].(*pickle.Object)
		if class == nil {
			return nil, nil
		}
		known, _ := globals[class.Class].(dtypeClass)
		if known.dtype == tensor.Invalid {
			return &LoadedTensor{Shape: shape}, nil
		}
		numel, dtype = numel*dtype.Size()/known.dtype.Size(), known.dtype
	}
	if end, fits := reach(offset, shape, stride); !fits || end > numel {
		return nil, stops("RuntimeError: setStorage: … out of bounds for storage",
			"a tensor of shape %s reaches past its storage", tensor.ShapeString(shape))
	}
	return &LoadedTensor{shape, dtype}, nil
}

// changesTensor reports whether o is a tensor with a state whose attributes torch.load sets
// and that may make another tensor of it, as data does.
func changesTensor(o *pickle.Object) bool {
	args, _ := o.Args.(*pickle.List)
	withState := o.Class == "torch._tensor._rebuild_from_type_v2" ||
		o.Class == "torch._utils._rebuild_parameter_with_state"
	if args == nil || len(args.Items) != 4 || !withState {
		return false
	}
	dicts := []any{args.Items[3]}
	if pair, ok := args.Items[3].(*pickle.List); ok {
		dicts = pair.Items
	}
	for _, d := range dicts {
		dict := pickle.AsMap(d)
		if d != nil && dict == nil || dict != nil && len(dict.Items) > maxState {
			return true
		}
		for i := 0; dict != nil && i < len(dict.Items); i++ {
			if name, ok := dict.Items[i].Key.(string); !ok || tensorsOwn[name] || strings.HasPrefix(name, "__") {
				return true
			}
		}
	}
	return false
}
