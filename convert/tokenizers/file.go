package tokenizers

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"hf2olmo/convert/jsonfile"
)

// Read reads a tokenizer.json. What the tokenizers library would not load is an error of
// package jsonfile. The ids of wanted are kept for TokenID.
func Read(r io.ReadSeeker, wanted ...string) (*Tokenizer, error) {
	var first file
	if err := first.decode(r); err != nil {
		return nil, err
	}
	if !first.early {
		return first.tokenizer(wanted), nil
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	second := file{known: first.models} // no program writes the merges before what they are made of
	if err := second.decode(r); err != nil {
		return nil, err
	}
	return second.tokenizer(wanted), nil
}

// A file is what one pass over a tokenizer.json finds.
type file struct {
	added  []string // contents of added_tokens, in order
	models []*model
	known  []*model // of the pass before this one
	early  bool     // some merges came before what they are made of
	twice  []string // keys that appear twice
}

// sections are the shapes of all sections but the model and the added tokens.
var sections = map[string]shape{
	"version": aVersion, "truncation": orNull(aTruncation), "padding": orNull(aPadding), "normalizer": orNull(aNormalizer),
	"pre_tokenizer": orNull(aPreTokenizer), "post_processor": orNull(aProcessor), "decoder": orNull(aDecoder),
}

func (t *file) decode(r io.Reader) error {
	d := jsonfile.NewDecoder(r, Limits, jsontext.AllowDuplicateNames(true))
	left := serdeValues
	seen := map[string]bool{}
	err := jsonfile.EachMember(d, "the JSON value", func(key string) error {
		if seen[key] {
			t.twice = append(t.twice, key)
		}
		seen[key] = true
		switch key {
		case "added_tokens":
			t.added = nil
			return jsonfile.EachElement(d, key, func() error { return t.decodeAdded(d) })
		case "model":
			return t.decodeModel(d, &left)
		}
		shape, ok := sections[key]
		if !ok {
			return jsonfile.Misshapen(d, "has a section that tokenizers does not know: %.80q", key)
		}
		v, err := readSerde(d, &left)
		if err == nil {
			if wrong := shape(v); wrong != nil {
				return jsonfile.Misshapen(d, "%s %v", key, wrong)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	if len(t.models) == 0 {
		return jsonfile.Misshapen(d, "there is no model")
	}
	return jsonfile.ReadEnd(d)
}

func (t *file) decodeAdded(d *jsontext.Decoder) error {
	left := 100 // one has seven members
	v, err := readSerde(d, &left)
	if err != nil {
		return err
	}
	if wrong := anAddedToken(v); wrong != nil {
		return jsonfile.Misshapen(d, "an added token %v", wrong)
	}
	for _, m := range v.(members) {
		if m.key == "content" {
			t.added = append(t.added, m.value.(string))
		}
	}
	return nil
}

// tokenizer gives the added tokens their ids: the library numbers new ones on, whatever id the
// file gives them.
func (t *file) tokenizer(wanted []string) *Tokenizer {
	v := t.models[len(t.models)-1].vocab
	next := uint32(v.entries)
	for _, content := range t.added {
		if _, known := v.id(content); !known && content != "" {
			v.note([]byte(content), next)
			next++
		}
	}
	token := &Tokenizer{VocabSize: int64(next), highest: v.highest, special: map[string]int64{}, Warnings: t.warnings(v)}
	for _, content := range wanted {
		if id, ok := v.id(content); ok {
			token.special[content] = int64(id)
		}
	}
	token.ids = make([]uint32, 0, len(v.ids))
	for _, id := range v.ids {
		token.ids = append(token.ids, id)
	}
	return token
}

func (t *file) warnings(v *tokens) (lines []string) {
	if v.repeated > 0 {
		lines = append(lines, fmt.Sprintf("%s: model.vocab has a token twice (%.80q): the last one counts, as in tokenizers",
			FileName, v.repeat))
	}
	keys := append(t.twice, t.models[len(t.models)-1].twice...)
	if len(keys) > 0 {
		slices.Sort(keys)
		lines = append(lines, fmt.Sprintf("%s: has keys twice (%s): the last one counts, as in tokenizers",
			FileName, strings.Join(slices.Compact(keys), ", ")))
	}
	return lines
}
