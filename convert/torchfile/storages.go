package torchfile

import (
	"math/big"

	"github.com/nlpodyssey/gopickle/types"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/pickle"
	"hf2olmo/convert/tensor"
)

// storage is a run of elements that the pickle refers to by a key. The reader of the
// container then finds its bytes, or why there are none.
type storage struct {
	key    string
	dtype  tensor.DType
	numel  int64
	offset int64        // of its first byte in the file
	lost   *fault.Fault // why there are no bytes, if there are none
	tensor string       // the first tensor in it
}

func (s *storage) bytes() int64 { return s.numel * s.dtype.Size() }

// view is what a tensor is made of: numel elements of a storage, from the element
// first. Only files from before torch 0.4 have views that are not the whole storage.
type view struct {
	of           *storage
	dtype        tensor.DType
	first, numel int64
}

// storages are those that a pickle refers to, by their keys. The older format has views of
// storages in addition, which have keys of their own; once torch has seen a key, it looks at
// nothing else.
type storages struct {
	legacy bool
	byKey  map[string]*storage
	views  map[string]view // what each key means, those of whole storages too
}

func newStorages(legacy bool) *storages {
	return &storages{legacy, map[string]*storage{}, map[string]view{}}
}

// load takes ("storage", class, key, location, numel), to which the older format adds
// None or (key of a view, first element, numel).
func (all *storages) load(id any) (any, error) {
	tuple, ok := id.(*types.Tuple)
	if !ok || tuple.Len() < 1 {
		return nil, pickle.Broken("a persistent id that is not a tuple")
	}
	parts := 5
	if all.legacy {
		parts = 6
	}
	if kind := tuple.Get(0); kind == "module" {
		return nil, problem("the file contains a whole module with its source code, not a dict of tensors")
	} else if kind != "storage" || tuple.Len() != parts {
		return nil, pickle.Broken("a persistent id that is not a storage")
	}
	class, isClass := tuple.Get(1).(storageClass)
	key, isKey := tuple.Get(2).(string)
	_, isLocation := tuple.Get(3).(string)
	numel, isNumel := pickle.Int(tuple.Get(4))
	if !isClass || class.untyped && all.legacy || !isKey || !isLocation || !isNumel {
		return nil, pickle.Broken("a storage without class, key, device or number of elements")
	}
	if _, ok := tensor.Product([]int64{numel, class.dtype.Size()}); !ok {
		return nil, pickle.Broken("a storage with an impossible number of elements")
	}
	s := all.byKey[key]
	if s == nil {
		s = &storage{key: key, dtype: class.dtype, numel: numel}
		all.byKey[key] = s
	}
	v := &view{of: s, dtype: class.dtype, numel: numel}
	if err := all.checkKey(key, *v); err != nil {
		return nil, err
	}
	if all.legacy && tuple.Get(5) != nil {
		return v, all.narrow(v, tuple.Get(5))
	}
	return v, nil
}

// checkKey refuses a key with two meanings. The dtype of a storage without elements does
// not matter.
func (all *storages) checkKey(key string, v view) error {
	known, ok := all.views[key]
	if !ok {
		all.views[key] = v
		return nil
	}
	if v.numel == 0 {
		known.dtype = v.dtype
	}
	if known != v {
		return pickle.Broken("one storage or view named with two sizes, places or dtypes")
	}
	return nil
}

// narrow makes v the part of its storage that (key, first, numel) describes.
func (all *storages) narrow(v *view, metadata any) error {
	tuple, ok := metadata.(*types.Tuple)
	if !ok || tuple.Len() != 3 {
		return pickle.Broken("a view of a storage that is not a tuple of three")
	}
	key, isKey := tuple.Get(0).(string)
	first, isInt := pickle.Int(tuple.Get(1))
	numel, isInt2 := pickle.Int(tuple.Get(2))
	if !isKey || !isInt || !isInt2 || first < 0 || numel < 0 || first > v.numel || numel > v.numel-first {
		return pickle.Broken("a view without a key, or that reaches past its storage")
	}
	v.first, v.numel = first, numel
	return all.checkKey(key, *v)
}

// pythonType names the type of what a file contains in place of a tensor.
func pythonType(v any) string {
	switch v.(type) {
	case nil:
		return "None"
	case bool:
		return "a bool"
	case int, *big.Int:
		return "an int"
	case float64:
		return "a float"
	case string:
		return "a str"
	case *types.Tuple:
		return "a tuple"
	case *types.List:
		return "a list"
	case *types.Dict, *types.OrderedDict:
		return "a dict"
	case *tensorValue:
		return "a tensor"
	case *view:
		return "a storage"
	case dtypeClass:
		return "a dtype"
	}
	return "a Python object"
}
