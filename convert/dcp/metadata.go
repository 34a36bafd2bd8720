package dcp

import (
	"fmt"
	"io"

	"hf2olmo/convert/pickle"
	"hf2olmo/convert/tensor"
)

// MetadataFile is the name of the index in a checkpoint folder.
const MetadataFile = ".metadata"

// Metadata is what .metadata says of a checkpoint's tensors.
type Metadata struct {
	Tensors []Tensor
	Blobs   []Blob // entries that are not tensors, such as step counts and the optimizer's settings
	ID      string // what the checkpoint is called in it, "" if it does not say; Write is given another
}

// A Blob is an entry that is not a tensor: a Python object in a file of its own kind,
// that torch.save wrote or a plain pickle.
type Blob struct {
	Name   string
	Path   []string // as in Tensor; its parts that are numbers, of lists, are empty
	File   string   // relative to the folder of .metadata
	Offset int64
	Bytes  int64
}

// A Tensor is an entry of the state dict, cut into chunks.
type Tensor struct {
	Name   string
	Path   []string // where it is in the nested state dict; its parts joined by dots make Name
	DType  tensor.DType
	Shape  []int64
	Chunks []Chunk
}

// A Chunk is a block of a tensor, and where the item with it is.
type Chunk struct {
	Start  []int64 // the block's first index in each dimension
	Shape  []int64
	File   string // relative to the folder of .metadata
	Offset int64  // bytes
	Bytes  int64  // of the whole item
}

// The classes that .metadata is made of.
const (
	metadataModule = "torch.distributed.checkpoint.metadata."
	classMetadata  = metadataModule + "Metadata"
	classTensor    = metadataModule + "TensorStorageMetadata"
	classBytes     = metadataModule + "BytesStorageMetadata"
	classTraits    = metadataModule + "TensorProperties"
	classChunk     = metadataModule + "ChunkStorageMetadata"
	classIndex     = metadataModule + "MetadataIndex"
	classMeta      = metadataModule + "StorageMeta"
	memoryFormat   = metadataModule + "_MEM_FORMAT_ENCODING"
	classPlace     = "torch.distributed.checkpoint.filesystem._StorageInfo"
	corePlace      = "olmo_core.distributed.checkpoint.filesystem._StorageInfo" // only read
	oldModule      = "torch.distributed._shard.sharded_tensor.metadata."        // until torch 2.2; only read
	oldTraits      = oldModule + "TensorProperties"
	oldFormat      = oldModule + "MEM_FORMAT_ENCODING"
	layoutFunction = "torch.serialization._get_layout"
	sizeFunction   = "torch.Size"
)

// Write writes .metadata, of which little is in memory at a time. id is what the checkpoint is called in it;
// prefix is put before the file of every chunk.
func (m *Metadata) Write(to io.Writer, id, prefix string) error {
	var entries, paths, places pickle.Entries
	place := func(file string, offset, bytes int64) lazy {
		return func() any {
			return object(classPlace, "relative_path", prefix+file, "offset", offset, "length", bytes)
		}
	}
	for i := range m.Tensors {
		t := &m.Tensors[i]
		entries = append(entries, pickle.Entry{Key: t.Name, Value: lazy(func() any { return t.entry() })})
		paths = append(paths, pickle.Entry{Key: t.Name, Value: lazy(func() any { return texts(t.Path) })})
		for n, c := range t.Chunks {
			places = append(places, pickle.Entry{
				Key: lazy(func() any {
					return object(classIndex, "fqn", t.Name, "index", int64(n), "offset", size(c.Start))
				}),
				Value: place(c.File, c.Offset, c.Bytes),
			})
		}
	}
	for i := range m.Blobs {
		b := &m.Blobs[i]
		entries = append(entries, pickle.Entry{Key: b.Name, Value: &pickle.Instance{Class: classBytes}})
		paths = append(paths, pickle.Entry{Key: b.Name, Value: lazy(func() any { return texts(b.Path) })})
		places = append(places, pickle.Entry{
			Key:   lazy(func() any { return object(classIndex, "fqn", b.Name, "index", nil) }),
			Value: place(b.File, b.Offset, b.Bytes),
		})
	}
	return pickle.Write(to, object(classMetadata,
		"state_dict_metadata", entries,
		"planner_data", paths,
		"storage_data", places,
		"storage_meta", object(classMeta, "checkpoint_id", id, "save_id", id, "load_id", nil, "modules", []any{}),
		"version", nil), made)
}

// lazy makes a value when it is written: a model of 64 layers with its optimizer has 11,000 entries
// of several objects each.
type lazy func() any

func made(v any) (any, error) {
	if f, ok := v.(lazy); ok {
		return f(), nil
	}
	return nil, fmt.Errorf("a %T cannot be written as a Python value", v)
}

// entry is the tensor's part of state_dict_metadata.
func (t *Tensor) entry() *pickle.Instance {
	var chunks []any
	for _, c := range t.Chunks {
		chunks = append(chunks, object(classChunk, "offsets", size(c.Start), "sizes", size(c.Shape)))
	}
	traits := pickle.Tuple{ // dtype, layout, requires_grad, memory format, pin_memory
		pickle.Name("torch." + t.DType.String()),
		&pickle.Call{Function: layoutFunction, Args: pickle.Tuple{"torch.strided"}},
		false,
		&pickle.Call{Function: memoryFormat, Args: pickle.Tuple{int64(0)}},
		false,
	}
	return object(classTensor,
		"properties", &pickle.Instance{Class: classTraits, State: traits},
		"size", size(t.Shape), "chunks", chunks)
}

// object is an instance of a class with attributes, name and value by turns.
func object(class pickle.Name, attributes ...any) *pickle.Instance {
	var state pickle.Entries
	for i := 0; i < len(attributes); i += 2 {
		state = append(state, pickle.Entry{Key: attributes[i], Value: attributes[i+1]})
	}
	return &pickle.Instance{Class: class, State: state}
}

// texts is a tuple of them.
func texts(list []string) pickle.Tuple {
	tuple := make(pickle.Tuple, len(list))
	for i, text := range list {
		tuple[i] = text
	}
	return tuple
}

// size is a torch.Size.
func size(numbers []int64) *pickle.Call {
	var tuple pickle.Tuple
	for _, n := range numbers {
		tuple = append(tuple, n)
	}
	return &pickle.Call{Function: sizeFunction, Args: pickle.Tuple{tuple}}
}
