package tokenizers

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"path/filepath"

	"github.com/go-json-experiment/json/jsontext"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/jsonfile"
	"hf2olmo/convert/regular"
)

// Parts returns a hash of each part of a tokenizer.json, such as added_tokens or model.vocab. Two
// files have the same hashes if they say the same: a merge may be a text or a list of two, the
// vocabulary in any order, and what is null or false left out.
func Parts(path string) (map[string]uint64, error) {
	f, info, err := regular.Open(path)
	if err != nil {
		return nil, &fault.Fault{File: filepath.Base(path), Problem: "cannot be opened: " + fault.Cause(err)}
	}
	defer f.Close()
	if bad := jsonfile.TooLarge(filepath.Base(path), info.Size(), Limits); bad != nil {
		return nil, bad
	}
	parts := map[string]uint64{}
	d := jsonfile.NewDecoder(f, Limits, jsontext.AllowDuplicateNames(true))
	err = jsonfile.EachMember(d, "the JSON value", func(key string) error {
		if key == "model" && d.PeekKind() == '{' {
			return jsonfile.EachMember(d, key, func(inner string) error { return addPart(d, parts, key+"."+inner) })
		}
		return addPart(d, parts, key)
	})
	if err != nil {
		return nil, jsonfile.Fault(filepath.Base(path), f, err)
	}
	return parts, nil
}

// addPart hashes the value that comes next.
func addPart(d *jsontext.Decoder, parts map[string]uint64, name string) (err error) {
	var sum uint64
	switch kind := d.PeekKind(); {
	case kind == 'n' || kind == 'f':
		return d.SkipValue()
	case kind == '{' && name == "model.vocab":
		err = jsonfile.EachMember(d, name, func(token string) error {
			id, err := hashValue(d, token)
			sum += id
			return err
		})
	case kind == '[' && name == "model.merges":
		number := 0
		err = jsonfile.EachElement(d, name, func() error {
			merge, err := readMerge(d)
			number++
			sum += hashed(fmt.Sprint(number, " ", merge))
			return err
		})
	default:
		sum, err = hashValue(d, "")
	}
	parts[name] = sum
	return err
}

// readMerge reads a merge: a text with a space between the two, or a list of them.
func readMerge(d *jsontext.Decoder) (string, error) {
	if d.PeekKind() != '[' {
		return jsonfile.ReadString(d, "a merge")
	}
	merge, gap := "", ""
	err := jsonfile.EachElement(d, "a merge", func() error {
		one, err := jsonfile.ReadString(d, "a token")
		merge, gap = merge+gap+one, " "
		return err
	})
	return merge, err
}

// hashValue hashes the value that comes next, token by token, after a text.
func hashValue(d *jsontext.Decoder, before string) (uint64, error) {
	h := sha256.New()
	io.WriteString(h, before)
	depth := d.StackDepth()
	for {
		token, err := d.ReadToken()
		if err != nil {
			return 0, err
		}
		fmt.Fprintf(h, "\x00%c%s", token.Kind(), token.String())
		if d.StackDepth() <= depth {
			return binary.LittleEndian.Uint64(h.Sum(nil)), nil
		}
	}
}

func hashed(text string) uint64 {
	sum := sha256.Sum256([]byte(text))
	return binary.LittleEndian.Uint64(sum[:])
}
