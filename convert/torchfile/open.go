package torchfile

import (
	"errors"
	"fmt"
	"io"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/pickle"
	"hf2olmo/convert/tensor"
)

// Open reads the header of a file that torch.save wrote, in the zip format or the
// older one, from r, and returns its tensors sorted by name. No tensor bytes are read: each
// tensor knows its offset in the file, and all its elements are inside the file.
// Several tensors may share bytes.
//
// Path, Name and Size of file are filled already; file becomes the tensors' File, and is
// given its Records, with which tensor.Files checks the checksums.
// Tensors of any dtype that package tensor knows are returned, also those that
// cannot be converted. Errors are a *fault.Fault or a fault.List, and name the file.
func Open(r io.ReaderAt, file *tensor.File) ([]tensor.Tensor, error) {
	tensors, err := readFile(r, file)
	if err != nil {
		return nil, inFile(file.Name, err)
	}
	return tensors, nil
}

func readFile(r io.ReaderAt, file *tensor.File) ([]tensor.Tensor, error) {
	head, err := readHead(r, file.Size)
	if err != nil {
		return nil, err
	}
	var value any
	var a *archive
	switch {
	case isZip(head):
		value, a, err = readZip(r, file.Size)
	case isLegacy(head):
		value, err = readLegacy(r, file.Size)
	default:
		err = notTorch(head, file.Size)
	}
	if err != nil {
		return nil, err
	}
	tensors, err := stateDict(value, file)
	if err == nil {
		err = checkGrowth(tensors, file.Size)
	}
	if err == nil && a != nil {
		err = a.checkNames()
		file.Records = nil
		a.addRecords(file, 0)
	}
	return tensors, err
}

// checkGrowth refuses tensors that are together far larger than the file, since they share
// their bytes: reading them would take forever.
func checkGrowth(tensors []tensor.Tensor, size int64) error {
	sum, largest := int64(0), 0
	for i := range tensors {
		if tensors[i].Bytes() > tensors[largest].Bytes() {
			largest = i
		}
		if sum += tensors[i].Bytes(); tensor.TooLarge(sum, size) {
			f := problem("its tensors share their bytes: they would take more than %d times the size of the file",
				tensor.MaxGrowth)
			f.Tensor = tensors[largest].Name
			f.Hint = "Load the file in Python, and save it again with tensors made contiguous."
			return f
		}
	}
	return nil
}

// inFile returns err as faults that all name the file.
func inFile(name string, err error) error {
	var list fault.List
	list.Add(name, err)
	for _, f := range list {
		f.File = name
	}
	if len(list) == 1 {
		return list[0]
	}
	return list
}

// asFault returns err as a fault; nil stays nil.
func asFault(err error) *fault.Fault {
	var f *fault.Fault
	if err == nil || errors.As(err, &f) {
		return f
	}
	return problem("%v", err)
}

func problem(format string, args ...any) *fault.Fault {
	return &fault.Fault{Problem: fmt.Sprintf(format, args...)}
}

func damaged(format string, args ...any) *fault.Fault {
	f := problem(format, args...)
	f.Hint = pickle.DownloadAgain
	return f
}

// cutShort is the fault of a file that ends early. expected is what it should contain.
func cutShort(expected string, size int64) *fault.Fault {
	f := damaged("the file is cut short")
	f.Expected, f.Found = expected, fault.Bytes(size)
	return f
}

// readAt fills buf from offset. An early end is a fault and never a bare io.EOF.
func readAt(r io.ReaderAt, buf []byte, offset int64) error {
	n, err := r.ReadAt(buf, offset)
	if n == len(buf) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return cutShort("at least "+fault.Bytes(offset+int64(len(buf))), offset+int64(n))
	}
	return problem("cannot be read: %v", err)
}
