package hf

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// TokenizerFile is what a tokenizer's file is called in a model's folder.
const TokenizerFile = "tokenizer.json"

// A Tokenizer is what a tokenizer.json says of its vocabulary, as the tokenizers library
// reads it. The vocabulary itself, tens of megabytes in some models, is not kept in memory.
type Tokenizer struct {
	Path string // where it is opened
	Size int64  // bytes
	// VocabSize is what the library returns for get_vocab_size(with_added_tokens=True):
	// the tokens of model.vocab and the added ones that are not among them.
	VocabSize int64
	Warnings  []string // what it says twice, a line each

	ids     []uint32         // of all tokens
	highest []Token          // those with the highest ids, in rising order
	special map[string]int64 // the ids of the tokens that were asked for
}

// A Token is a token with its id.
type Token struct {
	Content string
	ID      int64
}

// OpenTokenizer reads a tokenizer.json that stands by itself, as --tokenizer names it. What
// the tokenizers library would not load is refused. The ids of wanted are kept for TokenID.
func OpenTokenizer(path string, wanted ...string) (*Tokenizer, error) {
	name := filepath.Base(path)
	o := &opening{place: place{dir: filepath.Dir(path)}, model: &Model{}}
	f, info, bad := o.open(name)
	if bad != nil {
		return nil, bad
	}
	defer f.Close()
	if bad := tooLarge(name, info.Size(), tokenizerLimits); bad != nil {
		return nil, bad
	}
	t, err := decodeTokenizer(io.NewSectionReader(f, 0, info.Size()), wanted...)
	if err != nil {
		return nil, jsonFault(name, f, err)
	}
	t.Path, t.Size = path, info.Size()
	return t, nil
}

// readTokenizer reads tokenizer.json where there is one.
func (o *opening) readTokenizer() {
	if !o.names[TokenizerFile] {
		return
	}
	if bad := o.leadsOut(TokenizerFile); bad != nil {
		o.add(bad)
		return
	}
	t, err := OpenTokenizer(filepath.Join(o.dir, TokenizerFile), o.model.specialTokens()...)
	if err != nil {
		o.faults.Add(TokenizerFile, err)
		return
	}
	for _, line := range t.Warnings {
		o.warn(line)
	}
	o.model.Tokenizer = t
}

// TokenID returns the id that the library gives to a token that was asked for when the
// file was opened; ok is false where there is no such token.
func (t *Tokenizer) TokenID(content string) (id int64, ok bool) {
	id, ok = t.special[content]
	return id, ok
}

// LargestID returns the highest id of a token, -1 where there is no token.
func (t *Tokenizer) LargestID() int64 {
	if len(t.highest) == 0 {
		return -1
	}
	return t.highest[len(t.highest)-1].ID
}

// Span returns how many ids there are from 0 to the highest, or the number of tokens where
// that is larger, since some have the same id.
func (t *Tokenizer) Span() int64 { return max(t.VocabSize, t.LargestID()+1) }

// Past returns how many tokens have ids of rows or more, and some of these tokens.
func (t *Tokenizer) Past(rows int64) (count int, some []Token) {
	for _, id := range t.ids {
		if int64(id) >= rows {
			count++
		}
	}
	for _, token := range t.highest {
		if token.ID >= rows {
			some = append(some, token)
		}
	}
	return count, some
}

// decodeTokenizer reads a tokenizer.json; twice where the merges come before what they are
// made of, which no program writes.
func decodeTokenizer(r io.ReadSeeker, wanted ...string) (*Tokenizer, error) {
	var file tokenizerFile
	if err := file.decode(r); err != nil {
		return nil, err
	}
	if file.early {
		if _, err := r.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		file = tokenizerFile{known: file.models}
		if err := file.decode(r); err != nil {
			return nil, err
		}
	}
	return file.tokenizer(wanted), nil
}

// A tokenizerFile is what one pass over a tokenizer.json finds.
type tokenizerFile struct {
	added  []string // contents of added_tokens, in order
	models []*tokenizerModel
	known  []*tokenizerModel // of the pass before this one
	early  bool              // some merges came before what they are made of
	twice  []string          // keys that appear twice
}

// sections are the shapes of all sections but the model and the added tokens.
var sections = map[string]shape{
	"version": aVersion, "truncation": orNull(aTruncation), "padding": orNull(aPadding), "normalizer": orNull(aNormalizer),
	"pre_tokenizer": orNull(aPreTokenizer), "post_processor": orNull(aProcessor), "decoder": orNull(aDecoder),
}

func (t *tokenizerFile) decode(r io.Reader) error {
	d := newDecoder(r, tokenizerLimits, jsontext.AllowDuplicateNames(true))
	left := serdeValues
	seen := map[string]bool{}
	err := eachMember(d, "the JSON value", func(key string) error {
		if seen[key] {
			t.twice = append(t.twice, key)
		}
		seen[key] = true
		switch key {
		case "added_tokens":
			t.added = nil
			return eachElement(d, key, func() error { return t.decodeAdded(d) })
		case "model":
			return t.decodeModel(d, &left)
		}
		shape, ok := sections[key]
		if !ok {
			return misshapen(d, "has a section that tokenizers does not know: %.80q", key)
		}
		v, err := readSerde(d, &left)
		if err == nil {
			if wrong := shape(v); wrong != nil {
				return misshapen(d, "%s %v", key, wrong)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	if len(t.models) == 0 {
		return misshapen(d, "there is no model")
	}
	return readEnd(d)
}

func (t *tokenizerFile) decodeAdded(d *jsontext.Decoder) error {
	left := 100 // one has seven members
	v, err := readSerde(d, &left)
	if err != nil {
		return err
	}
	if wrong := anAddedToken(v); wrong != nil {
		return misshapen(d, "an added token %v", wrong)
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
func (t *tokenizerFile) tokenizer(wanted []string) *Tokenizer {
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

func (t *tokenizerFile) warnings(v *tokens) (lines []string) {
	if v.repeated > 0 {
		lines = append(lines, fmt.Sprintf("%s: model.vocab has a token twice (%.80q): the last one counts, as in tokenizers",
			TokenizerFile, v.repeat))
	}
	keys := append(t.twice, t.models[len(t.models)-1].twice...)
	if len(keys) > 0 {
		slices.Sort(keys)
		lines = append(lines, fmt.Sprintf("%s: has keys twice (%s): the last one counts, as in tokenizers",
			TokenizerFile, strings.Join(slices.Compact(keys), ", ")))
	}
	return lines
}
