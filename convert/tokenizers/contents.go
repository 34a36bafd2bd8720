package tokenizers

import (
	"bytes"
	"io"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"hf2olmo/convert/jsonfile"
)

// Contents returns the tokens of a tokenizer.json that have these ids, by id; an added token
// counts before one of the model's vocabulary. r is one that Read has taken.
func Contents(r io.Reader, ids ...int64) (map[int64]string, error) {
	found, added := map[int64]string{}, map[int64]string{}
	d := jsonfile.NewDecoder(r, Limits, jsontext.AllowDuplicateNames(true))
	err := jsonfile.EachMember(d, "the JSON value", func(key string) error {
		switch key {
		case "added_tokens":
			return jsonfile.EachElement(d, key, func() error { return readAdded(d, ids, added) })
		case "model":
			return jsonfile.EachMember(d, key, func(key string) error {
				if key == "vocab" {
					return readVocab(d, ids, found)
				}
				return d.SkipValue()
			})
		}
		return d.SkipValue()
	})
	for id, token := range added {
		found[id] = token
	}
	return found, err
}

// readAdded notes an added token if it is wanted.
func readAdded(d *jsontext.Decoder, ids []int64, found map[int64]string) error {
	content, id := "", int64(-1)
	err := jsonfile.EachMember(d, "added_tokens", func(key string) (err error) {
		switch key {
		case "content":
			content, err = jsonfile.ReadString(d, "content")
		case "id":
			id, err = jsonfile.ReadInt(d, "id")
		default:
			err = d.SkipValue()
		}
		return err
	})
	if slices.Contains(ids, id) {
		found[id] = content
	}
	return err
}

// readVocab notes those of a vocabulary's tokens that are wanted.
func readVocab(d *jsontext.Decoder, ids []int64, found map[int64]string) error {
	if d.PeekKind() == '[' { // whose tokens have their places as ids
		at := int64(-1)
		return jsonfile.EachElement(d, "vocab", func() error {
			at++
			if !slices.Contains(ids, at) {
				return d.SkipValue()
			}
			value, err := d.ReadValue()
			if err != nil {
				return err
			}
			pair := jsontext.NewDecoder(bytes.NewReader(value))
			if _, err := pair.ReadToken(); err != nil {
				return err
			}
			found[at], err = jsonfile.ReadString(pair, "a token")
			return err
		})
	}
	return jsonfile.EachMember(d, "vocab", func(token string) error {
		id, err := jsonfile.ReadInt(d, "an id")
		if slices.Contains(ids, id) {
			found[id] = token
		}
		return err
	})
}
