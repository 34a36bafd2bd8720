package torchfile

import (
	"fmt"
	"hash/crc32"
	"io"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/pickle"
)

// readZip returns the value in data.pkl, with the offsets of all storages filled in. Callers
// that find no other fault then call checkNames.
func readZip(r io.ReaderAt, size int64) (any, *archive, error) {
	a, err := openArchive(r, size)
	if err != nil {
		return nil, nil, err
	}
	data, err := a.readPickle()
	if err != nil {
		return nil, nil, err
	}
	if err := a.checkSmall(); err != nil {
		return nil, nil, err
	}
	storages := newStorages(false)
	value, err := tensorWords.Unpickle(data, storages.load)
	if err != nil {
		return nil, nil, err
	}
	a.storages = storages.byKey
	if err := a.findAll(); err != nil {
		return nil, nil, err
	}
	return value, a, a.checkOverlap()
}

// readPickle returns the bytes of data.pkl, once they are known to be harmless.
func (a *archive) readPickle() ([]byte, error) {
	from, size, err := a.locate(pickleName)
	if err != nil {
		return nil, err
	}
	if size > pickle.MaxBytes {
		return nil, problem("the pickle is larger than %d MB, which no dict of tensors needs", pickle.MaxBytes/1_000_000)
	}
	src := pickle.NewSource(a.r, from, size)
	data, err := tensorWords.Scan(src)
	if err != nil {
		return nil, err
	}
	rest, err := src.Rest("data.pkl")
	if err != nil {
		return nil, err
	}
	return data, a.checkSum(pickleName, crc32.Update(crc32.ChecksumIEEE(data), crc32.IEEETable, rest))
}

// checkSum compares the sum of an entry with what the directory says.
func (a *archive) checkSum(name string, got uint32) error {
	want := a.entries[a.top+"/"+name].CRC32
	if a.noSums || got == want {
		return nil
	}
	return wrongSum(name, want, got)
}

// wrongSum is the fault of a record that is not what was saved.
func wrongSum(name string, want, got uint32) *fault.Fault {
	f := damaged("the checksum of %s is wrong: its bytes were changed since it was saved", name)
	f.Expected, f.Found = fmt.Sprintf("%08x", want), fmt.Sprintf("%08x", got)
	return f
}
