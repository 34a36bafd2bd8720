package hf

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"hf2olmo/convert/jsonfile"
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
	if bad := jsonfile.TooLarge(name, info.Size(), tokenizerLimits); bad != nil {
		return nil, bad
	}
	t, err := decodeTokenizer(io.NewSectionReader(f, 0, info.Size()), wanted...)
	if err != nil {
		return nil, jsonfile.Fault(name, f, err)
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

// PastText says which tokens have ids past the rows of an embedding; "" where there are none.
func (t *Tokenizer) PastText(rows int64) string {
	const most = 5
	count, some := t.Past(rows)
	if count == 0 {
		return ""
	}
	var names []string
	for _, token := range some[:min(len(some), most)] {
		names = append(names, fmt.Sprintf("%.80q (id %d)", token.Content, token.ID))
	}
	list, have := strings.Join(names, ", "), fmt.Sprintf("%d tokens have ids", count)
	if count == 1 {
		have = "1 token has an id"
	}
	if count > len(names) {
		list += fmt.Sprintf(" and %d more", count-len(names))
	}
	return fmt.Sprintf("%s past the embedding's %d rows: %s", have, rows, list)
}
