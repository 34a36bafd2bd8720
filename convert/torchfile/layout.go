package torchfile

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"hf2olmo/convert/pickle"
	"hf2olmo/convert/tensor"
)

// Extent is a run of bytes in a file.
type Extent struct{ Offset, Bytes int64 }

// Piece is the bytes at Offset of a file.
type Piece struct {
	Offset int64
	Data   []byte
}

// Layout is a file in torch's zip format of which everything is known but the bytes
// of the storages and their checksums. The same Dict gives the same bytes.
type Layout struct {
	Size     int64    // bytes of the whole file
	Storages []Extent // by the number of the storage, in rising order; may be empty

	entries []zipEntry
}

// zipEntry is an entry of the archive.
type zipEntry struct {
	name    string
	header  int64  // offset of the local header
	data    Extent // its offset is a multiple of dataAlignment, or as its tensor wants it
	content []byte // nil for a storage
}

// Plan lays out the file that torch.save would write for d. archive is the name of the folder
// inside the archive, which torch takes from the name of the file; it consists of letters,
// digits and any of "._-". No file is touched.
//
// The caller writes the storages at Layout.Storages, and the rest as Layout.Frame returns it.
// An error is about d or archive. A user can cause one only with a tensor of a dtype that has
// no storage class of its own (fp8, uint16).
func Plan(archive string, d pickle.Dict) (*Layout, error) { return plan(archive, d) }

// PlanTensor lays out the file that torch.save would write for one tensor by itself.
func PlanTensor(archive string, t Tensor) (*Layout, error) { return plan(archive, t) }

// Bytes returns the file that torch.save would write for a value that contains no tensor, which
// is anything that pickle.Item.Value may be. archive is as for Plan.
func Bytes(archive string, value any) ([]byte, error) {
	l, err := plan(archive, value)
	if err != nil {
		return nil, err
	}
	data := make([]byte, l.Size)
	for _, piece := range l.Frame(nil) {
		copy(data[piece.Offset:], piece.Data)
	}
	return data, nil
}

func plan(archive string, value any) (*Layout, error) {
	if !validArchive(archive) {
		return nil, fmt.Errorf("%q cannot be the name of a folder in an archive", archive)
	}
	data, storages, err := writePickle(value)
	if err != nil {
		return nil, err
	}
	l := &Layout{}
	l.addContent(archive+"/data.pkl", data)
	l.addContent(archive+"/byteorder", []byte("little"))
	for i, s := range storages {
		if s.bytes > math.MaxInt64/2-l.Size {
			return nil, fmt.Errorf("the tensors have more than 2^62 bytes")
		}
		l.Storages = append(l.Storages, l.add(archive+"/data/"+strconv.Itoa(i), s, nil))
	}
	l.addContent(archive+"/version", []byte("3\n"))
	l.Size += l.directorySize()
	return l, nil
}

func validArchive(name string) bool {
	strange := func(r rune) bool {
		return r == '/' || r == '\\' || r < ' ' || r == utf8.RuneError || r > '~'
	}
	return name != "" && len(name) <= maxArchiveName && strings.Trim(name, ".") != "" &&
		!strings.ContainsFunc(name, strange)
}

// maxArchiveName is the length in bytes of the longest name of an archive.
const maxArchiveName = 200

func (l *Layout) addContent(name string, content []byte) {
	l.add(name, room{bytes: int64(len(content))}, content)
}

// add appends an entry, of a storage if there is no content.
func (l *Layout) add(name string, s room, content []byte) Extent {
	e := zipEntry{name: name, header: l.Size, content: content}
	start := e.header + localHeaderSize + int64(len(name)) + localZip64Size(s.bytes) + extraHeadSize
	if s.like > 0 {
		start += ((s.like-start)%tensor.ShareBlock + tensor.ShareBlock) % tensor.ShareBlock
	} else {
		start = (start + dataAlignment - 1) / dataAlignment * dataAlignment
	}
	e.data = Extent{start, s.bytes}
	l.entries = append(l.entries, e)
	l.Size = start + s.bytes
	return e.data
}

// localZip64Size returns the size of the zip64 extra field in the local header of an
// entry: both sizes, or nothing if they fit 32 bits.
func localZip64Size(size int64) int64 {
	if size < full32 {
		return 0
	}
	return extraHeadSize + 16
}
