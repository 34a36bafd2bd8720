package torchfile

import (
	"strings"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/pickle"
	"hf2olmo/convert/tensor"
)

// A storageRef is what an outline says of a storage.
type storageRef struct {
	key   string
	dtype tensor.DType
	numel int64 // its size in bytes is less than 2^62
	parts int   // of the persistent id: the older format has one more
}

// storageOf reads the persistent id ("storage", class, key, location, numel, …) in an outline.
func storageOf(v any) (ref storageRef, f *fault.Fault) {
	o, _ := v.(*pickle.Object)
	if o == nil || o.Class != "storage" {
		return ref, pickle.Broken("a tensor without storage")
	}
	id, _ := o.Args.(*pickle.List)
	if id == nil || len(id.Items) < 5 || id.Items[0] != any("storage") {
		return ref, pickle.Broken("a persistent id that is not a storage")
	}
	class, _ := id.Items[1].(*pickle.Object)
	key, isKey := id.Items[2].(string)
	numel, isNumel := id.Items[4].(int64)
	if class == nil || !isKey || !isNumel || numel < 0 {
		return ref, pickle.Broken("a storage without class, key or number of elements")
	}
	known, ok := globals[strings.Replace(class.Class, "torch.cuda.", "torch.", 1)].(storageClass)
	if !ok {
		return ref, pickle.Broken("a storage of the unknown class " + class.Class)
	}
	if _, ok := tensor.Product([]int64{numel, known.dtype.Size()}); !ok {
		return ref, pickle.Broken("a storage with an impossible number of elements")
	}
	return storageRef{key, known.dtype, numel, len(id.Items)}, nil
}
