package safetensors

import (
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"hf2olmo/convert/jsonfile"
	"hf2olmo/convert/tensor"
)

// An entry is what a safetensors header says of one tensor.
type entry struct {
	name       string
	dtype      string // as the file spells it, such as "BF16"
	shape      []int64
	begin, end int64 // bytes, counted from the end of the header
}

// decodeHeader does what the library does not: it refuses a name that appears twice, and
// says which tensor is wrong.
func decodeHeader(r io.Reader) ([]entry, error) {
	d := jsonfile.NewDecoder(r, headerLimits)
	var entries []entry
	names := 0
	err := jsonfile.EachMember(d, "the JSON value", func(name string) error {
		switch {
		case name == "__metadata__" && d.PeekKind() == 'n':
			return d.SkipValue() // null is none at all
		case name == "__metadata__":
			return jsonfile.EachMember(d, name, func(key string) error {
				_, err := jsonfile.ReadString(d, "")
				return jsonfile.About(err, "%s.%s", name, key)
			})
		}
		if names += len(name); names > tensor.MaxNames {
			return jsonfile.Misshapen(d, "the names of the tensors take more than %d MB, more than any model's",
				tensor.MaxNames/1_000_000)
		}
		e, err := decodeEntry(d, name)
		entries = append(entries, e)
		return err
	})
	if err != nil {
		return nil, err
	}
	return entries, jsonfile.ReadEnd(d)
}

func decodeEntry(d *jsontext.Decoder, name string) (entry, error) {
	e := entry{name: name, shape: []int64{}}
	var offsets []int64
	seen := 0
	err := jsonfile.EachMember(d, "", func(key string) (err error) {
		seen++
		switch key {
		case "dtype":
			e.dtype, err = jsonfile.ReadString(d, ": dtype")
		case "shape":
			e.shape, err = readInts(d, ": shape")
		case "data_offsets":
			offsets, err = readInts(d, ": data_offsets")
		default:
			err = jsonfile.Misshapen(d, ": unknown member %q", key)
		}
		return err
	})
	if err == nil && (seen != 3 || len(offsets) != 2) { // the decoder refuses a member that is there twice
		err = jsonfile.Misshapen(d, ": needs dtype, shape and two data_offsets")
	}
	if err == nil && len(e.shape) > tensor.MaxDims {
		err = jsonfile.Misshapen(d, ": has %d dimensions, more than any model's tensors", len(e.shape))
	}
	if err == nil {
		e.begin, e.end = offsets[0], offsets[1]
	}
	return e, jsonfile.About(err, "tensor %.300q", name)
}

func readInts(d *jsontext.Decoder, what string) ([]int64, error) {
	list := []int64{}
	err := jsonfile.EachElement(d, what, func() error {
		n, err := jsonfile.ReadInt(d, what)
		list = append(list, n)
		return err
	})
	return list, err
}
