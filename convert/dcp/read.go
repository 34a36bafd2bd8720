package dcp

import (
	"cmp"
	"io"
	"slices"
	"strings"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/pickle"
)

// maxParts is the most parts of a path in planner_data, and of attributes of an object.
const maxParts = 64

// maxDims is the most dimensions that a tensor of torch has.
const maxDims = 64

// ReadMetadata reads a .metadata of size bytes, of any writer: torch's or OLMo-core's.
// Tensors are in the order of the file. It does not say whether they are whole: see
// Check. Errors are a *fault.Fault or a fault.List that name the file .metadata.
//
// The objects of the pickle are folded as they are read, so that an index needs some 250
// bytes of memory for each chunk while it is read, and 130 afterwards: 13 MB for a model of 7
// billion parameters with its optimizer that 64 ranks saved (50,000 chunks), 200 MB for 1,024
// ranks (790,000 chunks, 110 MB of pickle).
func ReadMetadata(r io.ReaderAt, size int64) (*Metadata, error) {
	x := &index{}
	value, err := pickle.Fold(r, size, x)
	if err == nil {
		m, f := x.metadata(value)
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

// maxPath is longer than the path of any file, in bytes.
const maxPath = 4096

func wrong(what string) *fault.Fault {
	return &fault.Fault{Problem: "is not the index of a distributed checkpoint", Found: what}
}

// metadata puts together what was folded.
func (x *index) metadata(value any) (*Metadata, *fault.Fault) {
	top, ok := attributes(value, classMetadata)
	entries, ok1 := top["state_dict_metadata"].(*pickle.Map)
	paths, _ := top["planner_data"].(*pickle.Map)
	places, ok2 := top["storage_data"].(*pickle.Map)
	if !ok || !ok1 || !ok2 || len(places.Items) > 0 || x.placed != nil && x.placed != places {
		return nil, wrong("no Metadata with state_dict_metadata and storage_data")
	}
	if f := x.sortPlaces(); f != nil {
		return nil, f
	}
	m := &Metadata{}
	if about, ok := attributes(top["storage_meta"], classMeta); ok {
		m.ID, _ = about["checkpoint_id"].(string)
	}
	seen := map[string]bool{}
	for _, entry := range entries.Items {
		name, ok := entry.Key.(string)
		if !ok || seen[name] {
			return nil, wrong("an entry without a name of its own")
		}
		seen[name] = true
		o, _ := entry.Value.(*pickle.Object)
		if o != nil && o.Class == classBytes {
			at := x.find(name, nil, true)
			if at == nil {
				return nil, &fault.Fault{Tensor: name, Problem: "is not in any file"}
			}
			m.Blobs = append(m.Blobs, Blob{Name: name, File: at.file, Offset: at.offset, Bytes: at.bytes})
			continue
		}
		t, ok := folded[*Tensor](o, classTensor)
		if !ok {
			return nil, wrong("an entry that is neither a tensor nor bytes")
		}
		placed := Tensor{Name: name, DType: t.DType, Shape: t.Shape, Chunks: t.Chunks}
		if f := x.place(&placed); f != nil {
			f.Tensor = name
			return nil, f
		}
		m.Tensors = append(m.Tensors, placed)
	}
	m.setPaths(paths)
	return m, nil
}

// place fills in where the chunks of a tensor are.
func (x *index) place(t *Tensor) *fault.Fault {
	for i := range t.Chunks {
		c := &t.Chunks[i]
		at := x.find(t.Name, c.Start, false)
		if at == nil {
			return &fault.Fault{Problem: "has a chunk that is in no file", Found: c.String()}
		}
		c.File, c.Offset, c.Bytes = at.file, at.offset, at.bytes
	}
	return nil
}

// setPaths fills in where each entry is in the state dict; only checkpoints that were
// flattened say.
func (m *Metadata) setPaths(paths *pickle.Map) {
	known := map[string][]string{}
	if paths != nil {
		for _, entry := range paths.Items {
			name, _ := entry.Key.(string)
			list, _ := entry.Value.(*pickle.List)
			if list == nil || list.Kind != pickle.PyTuple || len(list.Items) > maxParts {
				continue
			}
			for _, item := range list.Items {
				part, _ := item.(string) // a number in a list of groups: of no tensor
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
	for i := range m.Blobs {
		b := &m.Blobs[i]
		if b.Path = known[b.Name]; len(b.Path) == 0 {
			b.Path = []string{b.Name}
		}
	}
}

// sortPlaces sorts the entries of storage_data, which must be about one part each.
func (x *index) sortPlaces() *fault.Fault {
	slices.SortFunc(x.places, func(a, b place) int { return a.compare(b.key) })
	for i := 1; i < len(x.places); i++ {
		if x.places[i-1].compare(x.places[i].key) == 0 {
			return &fault.Fault{Tensor: x.places[i].name, Problem: "has two places for the same part"}
		}
	}
	return nil
}

// find returns where a part is, nil if it is nowhere.
func (x *index) find(name string, start []int64, blob bool) *place {
	i, ok := slices.BinarySearchFunc(x.places, key{name, start, blob}, func(p place, k key) int { return p.compare(k) })
	if !ok {
		return nil
	}
	return &x.places[i]
}

func (k *key) compare(o key) int {
	order := cmp.Or(strings.Compare(k.name, o.name), slices.Compare(k.start, o.start))
	switch {
	case order != 0 || k.blob == o.blob:
		return order
	case k.blob:
		return -1
	}
	return 1
}

// attributes returns the attributes of an object of the class.
func attributes(value any, class string) (map[string]any, bool) {
	o, ok := value.(*pickle.Object)
	if !ok || o.Class != class {
		return nil, false
	}
	state, ok := o.State.(*pickle.Map)
	if !ok || len(state.Items) > maxParts {
		return nil, false
	}
	named := map[string]any{}
	for _, entry := range state.Items {
		name, ok := entry.Key.(string)
		if !ok {
			return nil, false
		}
		named[name] = entry.Value
	}
	return named, true
}

// numbers are a torch.Size, or a tuple or list in its place.
func numbers(value any) ([]int64, bool) {
	if s, ok := value.(dims); ok {
		return s, true
	}
	return pickle.OutlineSizes(value, maxDims)
}
