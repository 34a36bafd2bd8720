package torchfile

import (
	"hash/crc32"
	"io"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/pickle"
	"hf2olmo/convert/tensor"
)

// A Saved is a file of torch.save in the zip format that may contain any objects: a
// trainer's state, an optimizer, the shards of a rank. Value is its outline, in which
// tensors are found by Tensor. No class is known or called, and no tensor bytes are read.
type Saved struct {
	Value    any
	file     *tensor.File
	start    int64                    // of the archive in file
	records  map[string]tensor.Record // of the storages, by their keys
	storages *storages
}

// OpenSaved reads the outline of the archive of size bytes at offset in r, which reads
// file: a whole file, or an item of a distributed checkpoint. Errors name the file.
func OpenSaved(r io.ReaderAt, file *tensor.File, offset, size int64, folder pickle.Folder) (*Saved, error) {
	section := io.NewSectionReader(r, offset, size)
	s := &Saved{file: file, start: offset, records: map[string]tensor.Record{}, storages: newStorages(false)}
	if err := s.open(section, size, folder); err != nil {
		return nil, inFile(file.Name, err)
	}
	return s, nil
}

func (s *Saved) open(r io.ReaderAt, size int64, folder pickle.Folder) error {
	head, err := readHead(r, size)
	if err != nil {
		return err
	}
	if !isZip(head) {
		return notTorch(head, size)
	}
	a, err := openArchive(r, size)
	if err != nil {
		return err
	}
	if err := a.checkSmall(); err != nil {
		return err
	}
	from, length, err := a.locate(pickleName)
	if err != nil {
		return err
	}
	if err := a.checkPickle(from, length); err != nil {
		return err
	}
	if s.Value, err = pickle.Fold(io.NewSectionReader(r, from, length), length, folder); err != nil {
		return err
	}
	if err := a.findAll(); err != nil { // all of them: it is not known yet which are used
		return err
	}
	if err := a.checkOverlap(); err != nil {
		return err
	}
	a.addRecords(s.file, s.start)
	for _, record := range a.records {
		s.records[record.of.key] = record.Record
	}
	return a.checkNames()
}

// sumBytes is how much is read at once for a checksum.
const sumBytes = 32 << 10

// checkPickle checks the checksum of the pickle, of which no more than a piece is in memory.
func (a *archive) checkPickle(from, length int64) error {
	h := crc32.NewIEEE()
	buffer := make([]byte, min(max(length, 1), sumBytes)) // most pickles are small, and there are many
	if _, err := io.CopyBuffer(h, io.NewSectionReader(a.r, from, length), buffer); err != nil {
		return problem("cannot be read: %v", err)
	}
	return a.checkSum(pickleName, h.Sum32())
}

// Tensor returns the tensor that v is the outline of, without a name: a plain tensor or
// a Parameter, dense and with strides. ok is false if v is something else.
func (s *Saved) Tensor(v any) (t tensor.Tensor, ok bool, err error) {
	o, _ := v.(*pickle.Object)
	if o == nil {
		return t, false, nil
	}
	args, _ := o.Args.(*pickle.List)
	switch {
	case args == nil:
	case o.Class == "torch._utils._rebuild_parameter" && len(args.Items) > 0:
		return s.Tensor(args.Items[0])
	case o.Class == "torch._tensor._rebuild_from_type_v2" && len(args.Items) == 4:
		function, _ := args.Items[0].(*pickle.Object)
		class, _ := args.Items[1].(*pickle.Object)
		if function != nil && class != nil && class.Class == "torch.Tensor" {
			return s.Tensor(&pickle.Object{Class: function.Class, Args: args.Items[2]})
		}
	case o.Class == "torch._utils._rebuild_tensor_v2" && len(args.Items) == 6:
		t, err = s.dense(args.Items)
		return t, true, err
	}
	return t, false, nil
}

// dense returns the tensor that _rebuild_tensor_v2 makes of storage, offset, shape, stride,
// requires_grad and hooks.
func (s *Saved) dense(args []any) (tensor.Tensor, error) {
	in, err := s.storage(args[0])
	if err != nil {
		return tensor.Tensor{}, inFile(s.file.Name, err)
	}
	offset, isOffset := args[1].(int64)
	shape, isShape := OutlineSizes(args[2])
	stride, isStride := OutlineSizes(args[3])
	if !isOffset || offset < 0 || !isShape || !isStride || len(shape) != len(stride) {
		return tensor.Tensor{}, inFile(s.file.Name, pickle.Broken("a tensor without offset, shape or stride"))
	}
	value := tensorValue{in: &view{of: in, dtype: in.dtype, numel: in.numel}, offset: offset,
		shape: shape, stride: stride, dtype: in.dtype, dtypeName: in.dtype.String()}
	t, f := value.resolve("", s.file)
	if f != nil {
		return t, inFile(s.file.Name, f)
	}
	t.Offset += s.start
	return t, nil
}

// storage finds the bytes of a storage that the outline refers to.
func (s *Saved) storage(v any) (*storage, error) {
	ref, f := storageOf(v)
	if f == nil && ref.parts != 5 {
		f = pickle.Broken("a persistent id that is not a storage")
	}
	if f != nil {
		return nil, f
	}
	found := &storage{key: ref.key, dtype: ref.dtype, numel: ref.numel}
	record, there := s.records[ref.key]
	switch {
	case !there:
		return nil, damaged("the entry %s is missing from the zip archive", storageFolder+ref.key)
	case record.Bytes != found.bytes():
		f := damaged("its storage %s has a wrong size", ref.key)
		f.Expected, f.Found = fault.Bytes(found.bytes()), fault.Bytes(record.Bytes)
		return nil, f
	}
	found.offset = record.Offset
	return found, s.storages.checkKey(ref.key, view{of: s.storages.known(found), dtype: ref.dtype, numel: ref.numel})
}

// known returns the storage that is known by the key of s, or s.
func (all *storages) known(s *storage) *storage {
	if all.byKey[s.key] == nil {
		all.byKey[s.key] = s
	}
	return all.byKey[s.key]
}

// OutlineSizes returns a torch.Size, a tuple or a list of ints as sizes, none of them
// negative and no more than a tensor that is read may have.
func OutlineSizes(v any) ([]int64, bool) { return pickle.OutlineSizes(v, tensor.MaxDims) }
