package tokenizers

import (
	"io"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"hf2olmo/convert/jsonfile"
)

// Added returns the added tokens of a tokenizer.json that have these ids, by id. Those of the model's
// vocabulary alone are not among them: transformers makes a special token of whatever its settings
// name, and would cut texts there that tokenizer.json does not cut. r is one that Read has taken.
func Added(r io.Reader, ids ...int64) (map[int64]string, error) {
	found := map[int64]string{}
	d := jsonfile.NewDecoder(r, Limits, jsontext.AllowDuplicateNames(true))
	err := jsonfile.EachMember(d, "the JSON value", func(key string) error {
		if key != "added_tokens" {
			return d.SkipValue()
		}
		return jsonfile.EachElement(d, key, func() error { return readAdded(d, ids, found) })
	})
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
