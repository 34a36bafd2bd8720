package dcp

import (
	"path"
	"slices"
	"strings"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/pickle"
	"hf2olmo/convert/tensor"
)

// index makes values of Go of the objects of a .metadata while it is read: see pickle.Fold.
type index struct {
	places []place
	placed *pickle.Map // the dict that they were added to
}

// key is a MetadataIndex: a part of a tensor by its first index, or a blob.
type key struct {
	name  string
	start []int64
	blob  bool
}

// info is a _StorageInfo.
type info struct {
	file          string
	offset, bytes int64
}

// place is an entry of storage_data.
type place struct {
	key
	info
}

// dims is a torch.Size.
type dims []int64

// format is a memory format, called as its class.
type format string

// names are what a .metadata may name.
var names = []string{
	classMetadata, classTensor, classBytes, classTraits, classChunk, classIndex, classMeta, classPlace, corePlace,
	oldTraits,
	posixPath, newPosixPath, sizeFunction, layoutFunction, memoryFormat, oldFormat,
	"torch.float32", "torch.bfloat16", "torch.float16", "torch.float64", "torch.int64", "torch.int32",
	"torch.int16", "torch.int8", "torch.uint8", "torch.bool", "torch.uint16", "torch.uint32", "torch.uint64",
	"torch.float8_e4m3fn", "torch.float8_e5m2", "torch.complex64", "torch.complex128",
}

// What the checkpoint is called, if it was saved by such a path.
const (
	posixPath    = "pathlib.PosixPath"
	newPosixPath = "pathlib._local.PosixPath" // of Python 3.13
)

// Named refuses all other names: nothing is ever called, but what they would make is unknown.
func (x *index) Named(name string) error {
	if slices.Contains(names, name) {
		return nil
	}
	return &fault.Fault{Problem: "contains Python objects other than an index: it names " +
		"" + pickle.ForeignNames([]string{name})}
}

// Called makes values of torch.Size and of what is only looked at.
func (x *index) Called(o *pickle.Object) (any, error) {
	args, _ := o.Args.(*pickle.List)
	var one any
	if args != nil && len(args.Items) == 1 {
		one = args.Items[0]
	}
	switch o.Class {
	case sizeFunction:
		if sizes, ok := pickle.OutlineSizes(one, maxDims); ok {
			return dims(sizes), nil
		}
	case layoutFunction:
		if one == "torch.strided" {
			return one, nil
		}
	case memoryFormat, oldFormat:
		if n, ok := one.(int64); ok && 0 <= n && n <= 2 { // contiguous, channels last, preserve
			return format(o.Class), nil
		}
	case posixPath, newPosixPath:
		if args != nil {
			return nil, nil
		}
	default: // a class, made without arguments
		if args != nil && len(args.Items) == 0 {
			return o, nil
		}
	}
	return nil, wrong("a call of " + o.Class + " with arguments that it does not take")
}

// Built folds objects that have been given their attributes.
func (x *index) Built(o *pickle.Object) error {
	var f *fault.Fault
	switch o.Class {
	case classChunk:
		o.State, f = foldChunk(o)
	case classIndex:
		o.State, f = foldKey(o)
	case classPlace, corePlace:
		o.State, f = foldInfo(o)
	case classTraits, oldTraits:
		o.State, f = foldTraits(o)
	case classTensor:
		o.State, f = foldTensor(o)
	}
	if f != nil {
		return f
	}
	return nil
}

// Added keeps chunks without their objects, and the entries of storage_data by themselves.
func (x *index) Added(into any, items []any) ([]any, error) {
	switch into := into.(type) {
	case *pickle.List:
		for i := range items {
			if c, ok := folded[*Chunk](items[i], classChunk); ok {
				items[i] = c
			}
		}
	case *pickle.Map:
		if _, isPlace := folded[*key](items[0], classIndex); isPlace {
			return nil, x.addPlaces(into, items)
		}
	}
	return items, nil
}

func (x *index) addPlaces(into *pickle.Map, items []any) error {
	if x.placed != nil && x.placed != into {
		return wrong("two dicts of places")
	}
	x.placed = into
	for i := 0; i+1 < len(items); i += 2 {
		k, ok := folded[*key](items[i], classIndex)
		at, ok1 := folded[*info](items[i+1], classPlace, corePlace)
		if !ok || !ok1 {
			return wrong("a place in storage_data of another class")
		}
		x.places = append(x.places, place{*k, *at})
	}
	return nil
}

// folded returns what an object of one of the classes was folded into.
func folded[T any](value any, classes ...string) (t T, ok bool) {
	o, isObject := value.(*pickle.Object)
	if !isObject || o == nil || !slices.Contains(classes, o.Class) {
		return t, false
	}
	t, ok = o.State.(T)
	return t, ok
}

func foldChunk(o *pickle.Object) (any, *fault.Fault) {
	state, ok := attributes(o, o.Class)
	start, ok1 := numbers(state["offsets"])
	shape, ok2 := numbers(state["sizes"])
	if !ok || !ok1 || !ok2 {
		return nil, wrong("a chunk without offsets or sizes")
	}
	return &Chunk{Start: start, Shape: shape}, nil
}

func foldKey(o *pickle.Object) (any, *fault.Fault) {
	state, ok := attributes(o, o.Class)
	name, ok1 := state["fqn"].(string)
	start, ok2 := numbers(state["offset"])
	blob := state["offset"] == nil
	list, _ := state["offset"].(*pickle.List) // a list cannot be a part of a key
	if !ok || !ok1 || !ok2 && !blob || list != nil && list.Kind != pickle.PyTuple {
		return nil, wrong("a place in storage_data without name, offset or file")
	}
	return &key{name, start, blob}, nil
}

// foldInfo folds a _StorageInfo. A path that leads out of the folder is refused, and so is one
// with more in it than names: through a folder that is not there, or a link, it leads elsewhere.
func foldInfo(o *pickle.Object) (any, *fault.Fault) {
	state, ok := attributes(o, o.Class)
	file, ok1 := state["relative_path"].(string)
	offset, ok2 := state["offset"].(int64)
	bytes, ok3 := state["length"].(int64)
	if !ok || !ok1 || !ok2 || !ok3 || offset < 0 || bytes < 0 || file == "" || len(file) > maxPath {
		return nil, wrong("a place in storage_data without name, offset or file")
	}
	if path.IsAbs(file) || strings.ContainsRune(file, 0) || path.Clean(file) != file || file == ".." ||
		strings.HasPrefix(file, "../") {
		return nil, &fault.Fault{Problem: "points to a file outside the checkpoint's folder", Found: file,
			Hint: "Every trainer puts the files beside the index: do not trust this checkpoint."}
	}
	if state["transform_descriptors"] != nil {
		return nil, &fault.Fault{Problem: "names items that were compressed or transformed, which are not read", Found: file}
	}
	return &info{file, offset, bytes}, nil
}

func foldTensor(o *pickle.Object) (any, *fault.Fault) {
	state, ok := attributes(o, o.Class)
	dtype, ok1 := folded[tensor.DType](state["properties"], classTraits, oldTraits)
	shape, ok2 := numbers(state["size"])
	list, ok3 := state["chunks"].(*pickle.List)
	if !ok || !ok1 || !ok2 || !ok3 {
		return nil, wrong("a tensor without dtype, size or chunks")
	}
	t := &Tensor{DType: dtype, Shape: shape, Chunks: make([]Chunk, len(list.Items))}
	for i, item := range list.Items {
		c, ok := item.(*Chunk)
		if !ok {
			return nil, wrong("a chunk without offsets or sizes")
		}
		t.Chunks[i] = *c
	}
	return t, nil
}

// foldTraits returns the dtype in TensorProperties. One that package tensor does not know is
// Invalid.
func foldTraits(o *pickle.Object) (any, *fault.Fault) {
	state, _ := o.State.(*pickle.List)
	// dtype, layout, requires_grad, memory format, pin_memory, and by a later torch the
	// strides that the tensor had in memory, or None: items have their own.
	if state == nil || state.Kind != pickle.PyTuple || len(state.Items) != 5 && (len(state.Items) != 6 ||
		!isStride(state.Items[5])) {
		return nil, wrong("a tensor without dtype, size or chunks")
	}
	encoding := map[string]format{classTraits: memoryFormat, oldTraits: oldFormat}[o.Class]
	name, ok := state.Items[0].(*pickle.Object)
	if !ok || state.Items[3] != encoding || name.Args != nil || !strings.HasPrefix(name.Class, "torch.") {
		return nil, wrong("a tensor without dtype, size or chunks")
	}
	return tensor.ParseDType(strings.TrimPrefix(name.Class, "torch.")), nil
}

func isStride(value any) bool {
	_, ok := numbers(value)
	return ok || value == nil
}
