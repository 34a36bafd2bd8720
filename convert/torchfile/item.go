package torchfile

import (
	"io"

	"hf2olmo/convert/tensor"
)

// OpenItem reads the header of a zip archive that contains one tensor by itself, as the
// items of a distributed checkpoint are: size bytes of file from offset, where r reads
// the file. The tensor has no name; damage to its bytes will be reported of the tensor
// called name. The item's record is added to the file's. Errors name the file.
func OpenItem(r io.ReaderAt, file *tensor.File, name string, offset, size int64) (tensor.Tensor, error) {
	t, err := openItem(io.NewSectionReader(r, offset, size), file, name, offset, size)
	if err != nil {
		return tensor.Tensor{}, inFile(file.Name, err)
	}
	t.File, t.Offset = file, t.Offset+offset
	return t, nil
}

func openItem(r io.ReaderAt, file *tensor.File, name string, offset, size int64) (tensor.Tensor, error) {
	head, err := readHead(r, size)
	if err != nil {
		return tensor.Tensor{}, err
	}
	if !isZip(head) {
		return tensor.Tensor{}, notTorch(head, size)
	}
	value, a, err := readZip(r, size)
	if err != nil {
		return tensor.Tensor{}, err
	}
	t, ok := value.(*tensorValue)
	if !ok {
		f := problem("the item does not contain a tensor")
		f.Found = pythonType(value)
		return tensor.Tensor{}, f
	}
	item := *file // no tensor may reach past the item
	item.Size = size
	placed, f := t.resolve("", &item)
	if f != nil {
		return tensor.Tensor{}, f
	}
	if err := checkGrowth([]tensor.Tensor{placed}, size); err != nil {
		return tensor.Tensor{}, err
	}
	t.in.of.tensor = name
	a.addRecords(file, offset)
	return placed, a.checkNames()
}
