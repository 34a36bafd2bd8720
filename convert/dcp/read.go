package dcp

import (
	"io"

	"github.com/nlpodyssey/gopickle/types"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/pickle"
	"hf2olmo/convert/tensor"
)

// words are what a .metadata may name.
var words = torchfile.Words{
	Classes: []torchfile.Name{
		classMetadata, classTensor, classBytes, classTraits, classChunk, classIndex, classMeta, classPlace, corePlace,
		oldTraits,
	},
	Functions: map[pickle.Name]func(pickle.Tuple) bool{
		"pathlib.PosixPath":        isPath, // what the checkpoint is called, if it was saved by such a path
		"pathlib._local.PosixPath": isPath, // of Python 3.13
		sizeFunction: func(args pickle.Tuple) bool {
			_, ok := pickle.Sizes(one(args), 64)
			return ok
		},
		layoutFunction: func(args pickle.Tuple) bool { return one(args) == "torch.strided" },
		memoryFormat:   isMemoryFormat,
		oldFormat:      isMemoryFormat,
	},
	Names: []pickle.Name{
		"torch.float32", "torch.bfloat16", "torch.float16", "torch.float64", "torch.int64", "torch.int32",
		"torch.int16", "torch.int8", "torch.uint8", "torch.bool", "torch.uint16", "torch.uint32", "torch.uint64",
		"torch.float8_e4m3fn", "torch.float8_e5m2", "torch.complex64", "torch.complex128",
	},
}

// isPath reports whether the arguments are the parts of a path.
func isPath(args pickle.Tuple) bool {
	for _, part := range args {
		if _, ok := part.(string); !ok {
			return false
		}
	}
	return true
}

// isMemoryFormat reports whether a memory format is one that torch knows: contiguous,
// channels last, preserve.
func isMemoryFormat(args pickle.Tuple) bool {
	n, ok := one(args).(int)
	return ok && 0 <= n && n <= 2
}

// one is the only argument of a call, nil if there is none or more.
func one(args pickle.Tuple) any {
	if len(args) != 1 {
		return nil
	}
	return args[0]
}

// Bounds on what a hostile file can make the program hold: a list that stands once in
// a pickle may be named by many tensors. Real checkpoints have a chunk for each tensor
// and process that held a part of it, and paths of a handful of names.
const (
	mostChunks  = 400_000
	mostNumbers = 5 * mostChunks // of dimensions of all chunks
	mostParts   = 64
)

// ReadMetadata reads a .metadata of size bytes, of any writer: torch's or OLMo-core's.
// Tensors are in the order of the file. It does not say whether they are whole: see
// Check. Errors are a *fault.Fault or a fault.List that name the file .metadata.
func ReadMetadata(r io.ReaderAt, size int64) (*Metadata, error) {
	value, err := pickle.Unpickle(r, size, words)
	if err == nil {
		m, f := readMetadata(value)
		if f == nil {
			return m, nil
		}
		err = f
	}
	var faults fault.List
	faults.Add(MetadataFile, err)
	for _, f := range faults {
		f.File = MetadataFile
	}
	return nil, faults
}

func wrong(what string) *fault.Fault {
	return &fault.Fault{Problem: "is not the index of a distributed checkpoint", Found: what}
}

func readMetadata(value any) (*Metadata, *fault.Fault) {
	top, ok := attributes(value, classMetadata)
	entries, ok1 := top["state_dict_metadata"].(*types.Dict)
	paths, _ := top["planner_data"].(*types.Dict)
	places, ok2 := top["storage_data"].(*types.Dict)
	if !ok || !ok1 || !ok2 {
		return nil, wrong("no Metadata with state_dict_metadata and storage_data")
	}
	index, blobs, f := readPlaces(places)
	if f != nil {
		return nil, f
	}
	m := &Metadata{}
	if about, ok := attributes(top["storage_meta"], classMeta); ok {
		m.ID, _ = about["checkpoint_id"].(string)
	}
	chunks, numbers, seen := 0, 0, map[string]bool{}
	for _, entry := range *entries {
		name, ok := entry.Key.(string)
		if !ok || seen[name] {
			return nil, wrong("an entry without a name of its own")
		}
		seen[name] = true
		if o, ok := entry.Value.(*pickle.Instance); ok && o.Class == classBytes {
			blob, there := blobs[name]
			if !there {
				return nil, &fault.Fault{Tensor: name, Problem: "is not in any file"}
			}
			m.Blobs = append(m.Blobs, blob)
			continue
		}
		state, ok := attributes(entry.Value, classTensor)
		if !ok {
			return nil, wrong("an entry that is neither a tensor nor bytes")
		}
		t, f := readTensor(name, state, index)
		if f != nil {
			f.Tensor = name
			return nil, f
		}
		chunks += len(t.Chunks)
		if numbers += len(t.Chunks) * len(t.Shape); chunks > mostChunks || numbers > mostNumbers {
			return nil, wrong("more chunks than any checkpoint has")
		}
		m.Tensors = append(m.Tensors, t)
	}
	m.setPaths(paths)
	return m, nil
}

// setPaths fills in where each tensor stands; only checkpoints that were flattened tell.
func (m *Metadata) setPaths(paths *types.Dict) {
	known := map[string][]string{}
	if paths != nil {
		for _, entry := range *paths {
			name, _ := entry.Key.(string)
			tuple, _ := entry.Value.(*types.Tuple)
			for i := 0; tuple != nil && tuple.Len() <= mostParts && i < tuple.Len(); i++ {
				part, _ := tuple.Get(i).(string) // a number in a list is of no tensor of a model
				known[name] = append(known[name], part)
			}
		}
	}
	for i := range m.Tensors {
		t := &m.Tensors[i]
		if t.Path = known[t.Name]; len(t.Path) == 0 {
			t.Path = []string{t.Name}
		}
	}
}

// readTensor reads one entry of state_dict_metadata, and finds where its chunks stand.
func readTensor(name string, state map[string]any, index map[string]Chunk) (Tensor, *fault.Fault) {
	t := Tensor{Name: name}
	traits, ok := state["properties"].(*pickle.Instance)
	var ok1, ok2 bool
	if ok {
		t.DType, ok = dtype(traits)
	}
	t.Shape, ok1 = numbers(state["size"])
	list, ok2 := state["chunks"].(*types.List)
	if !ok || !ok1 || !ok2 {
		return t, wrong("a tensor without dtype, size or chunks")
	}
	for _, item := range *list {
		chunk, ok := attributes(item, classChunk)
		start, ok1 := numbers(chunk["offsets"])
		shape, ok2 := numbers(chunk["sizes"])
		if !ok || !ok1 || !ok2 {
			return t, wrong("a chunk without offsets or sizes")
		}
		place, there := index[placeKey(name, start)]
		if !there {
			return t, &fault.Fault{Problem: "has a chunk that stands in no file", Found: (&Chunk{Start: start,
				Shape: shape}).String()}
		}
		place.Start, place.Shape = start, shape
		t.Chunks = append(t.Chunks, place)
	}
	return t, nil
}

// dtype is what TensorProperties say first. Others than package tensor knows are Invalid.
func dtype(traits *pickle.Instance) (tensor.DType, bool) {
	state, ok := traits.State.(*types.Tuple)
	// dtype, layout, requires_grad, memory format, pin_memory, and by a later torch the
	// strides that the tensor had in memory, or None: items have their own.
	if !ok || state.Len() != 5 && (state.Len() != 6 || !isStride(state.Get(5))) {
		return tensor.Invalid, false
	}
	encoding := map[pickle.Name]pickle.Name{classTraits: memoryFormat, oldTraits: oldFormat}[traits.Class]
	if format, ok := state.Get(3).(*pickle.Call); !ok || encoding == "" || format.Function != encoding {
		return tensor.Invalid, false
	}
	text, ok := state.Get(0).(pickle.Name)
	if !ok || len(text) < len("torch.") {
		return tensor.Invalid, false
	}
	return tensor.ParseDType(string(text[len("torch."):])), true
}

func isStride(value any) bool {
	_, ok := numbers(value)
	return ok || value == nil
}

// attributes returns the attributes of an object of the class.
func attributes(value any, class pickle.Name) (map[string]any, bool) {
	o, ok := value.(*pickle.Instance)
	if !ok || o.Class != class {
		return nil, false
	}
	state, ok := o.State.(*types.Dict)
	if !ok || state.Len() > 16 {
		return nil, false
	}
	named := map[string]any{}
	for _, entry := range *state {
		name, ok := entry.Key.(string)
		if !ok {
			return nil, false
		}
		named[name] = entry.Value
	}
	return named, true
}
