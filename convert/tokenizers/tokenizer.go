// Package tokenizers reads a tokenizer.json as Hugging Face's tokenizers library does: what
// the library would not load is refused, and its vocabulary is counted as the library counts it.
package tokenizers

import (
	"fmt"
	"strings"

	"hf2olmo/convert/jsonfile"
)

// FileName is what a tokenizer's file is called in a model's folder.
const FileName = "tokenizer.json"

// Limits bound a tokenizer.json. Real ones have up to 40 MB, 300,000 tokens and twice as
// many merges.
var Limits = jsonfile.Limits{Bytes: 64 << 20, Members: 600_000, Values: 10_000_000}

// maxMerges is the most merges that a tokenizer may have, in lists of two or lines of text.
const maxMerges = 2_000_000

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

// TokenID returns the id that the library gives to a token that was asked for when the
// file was read; ok is false if there is no such token.
func (t *Tokenizer) TokenID(content string) (id int64, ok bool) {
	id, ok = t.special[content]
	return id, ok
}

// LargestID returns the highest id of a token, -1 if there is no token.
func (t *Tokenizer) LargestID() int64 {
	if len(t.highest) == 0 {
		return -1
	}
	return t.highest[len(t.highest)-1].ID
}

// Span returns how many ids there are from 0 to the highest, or the number of tokens if
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

// PastText says which tokens have ids past the rows of an embedding; "" if there are none.
func (t *Tokenizer) PastText(rows int64) string {
	const maxShown = 5
	count, some := t.Past(rows)
	if count == 0 {
		return ""
	}
	var names []string
	for _, token := range some[:min(len(some), maxShown)] {
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
