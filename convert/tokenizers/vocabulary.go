package tokenizers

import (
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"hf2olmo/convert/jsonfile"
)

// maxNamed is how many of the tokens with the highest ids are known by name.
const maxNamed = 8

// tokens are a vocabulary of which the texts are not kept: a token is known by its hash, with a
// seed that no file can know. That two of a million have the same one is as likely as 1 in 10^7.
type tokens struct {
	form     vocabForm
	entries  int // of model.vocab as the library counts them: of a list, all of them
	ids      map[uint64]uint32
	wrong    map[uint64]error // tokens whose last value is no id
	highest  []Token          // in rising order of their ids
	repeated int              // tokens that appeared before
	repeat   string           // one of them
}

// vocabForm is how a vocabulary is written.
type vocabForm int

const (
	noVocab vocabForm = iota
	words             // {token: id}
	scores            // [[token, score], …] whose order is the id
	otherVocab
)

var tokenSeed = maphash.MakeSeed()

func newTokens() *tokens {
	return &tokens{ids: map[uint64]uint32{}, wrong: map[uint64]error{}}
}

func (v *tokens) has(token []byte) bool {
	_, ok := v.ids[maphash.Bytes(tokenSeed, token)]
	return ok
}

func (v *tokens) id(token string) (uint32, bool) {
	id, ok := v.ids[maphash.String(tokenSeed, token)]
	return id, ok
}

// note gives a token an id, in place of an earlier one.
func (v *tokens) note(token []byte, id uint32) {
	hash := maphash.Bytes(tokenSeed, token)
	if v.seen(hash, token) {
		v.highest = slices.DeleteFunc(v.highest, func(t Token) bool { return t.Content == string(token) })
	}
	delete(v.wrong, hash)
	v.ids[hash] = id
	if len(v.highest) == maxNamed && v.highest[0].ID >= int64(id) {
		return
	}
	at, _ := slices.BinarySearchFunc(v.highest, int64(id), func(t Token, id int64) int { return int(t.ID - id) })
	v.highest = slices.Insert(v.highest, at, Token{string(token), int64(id)})
	if len(v.highest) > maxNamed {
		v.highest = slices.Delete(v.highest, 0, 1)
	}
}

// refuse notes that the last value of a token is no id.
func (v *tokens) refuse(token []byte, wrong error) {
	hash := maphash.Bytes(tokenSeed, token)
	v.seen(hash, token)
	delete(v.ids, hash)
	if len(v.wrong) >= maxNamed {
		wrong = errWrongID
	}
	v.wrong[hash] = wrong
}

// errWrongID is the error of a token if many are wrong.
var errWrongID = errors.New("has tokens whose ids are not whole numbers")

// firstWrong is the first thing that is wrong with an id.
func (v *tokens) firstWrong() error {
	var first error
	var at, of *jsonfile.ShapeError
	for _, wrong := range v.wrong {
		switch {
		case first == nil:
			first = wrong
		case errors.As(wrong, &of) && (!errors.As(first, &at) || of.Offset < at.Offset):
			first = wrong
		}
	}
	return first
}

func (v *tokens) seen(hash uint64, token []byte) bool {
	_, known := v.ids[hash]
	_, wrong := v.wrong[hash]
	if known || wrong {
		if v.repeated++; v.repeated == 1 {
			v.repeat = string(token)
		}
	}
	return known || wrong
}

// decodeVocab reads model.vocab.
func (m *model) decodeVocab(d *jsontext.Decoder) error {
	v := newTokens()
	m.vocab, m.wrong = v, nil
	switch d.PeekKind() {
	case '{':
		v.form = words
		return v.decodeWords(d)
	case '[':
		v.form = scores
		return m.decodeScores(d)
	}
	v.form = otherVocab
	_, err := d.ReadToken()
	return err
}

func (v *tokens) decodeWords(d *jsontext.Decoder) error {
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	var token []byte
	var err error
	for d.PeekKind() != '}' {
		if token, err = readText(d, token); err != nil {
			return err
		}
		left := 100
		value, err := readSerde(d, &left)
		if err != nil {
			return err
		}
		if id, ok := value.(uint64); ok && id <= math.MaxUint32 {
			v.note(token, uint32(id))
			continue
		}
		v.refuse(token, jsonfile.Misshapen(d, "the id of token %.80q is %s, not a whole number from 0 to %d",
			token, serdeText(value), uint32(math.MaxUint32)))
	}
	v.entries = len(v.ids) + len(v.wrong)
	_, err = d.ReadToken()
	return err
}

func (m *model) decodeScores(d *jsontext.Decoder) error {
	entry := pairOf(aString, aNumber)
	return jsonfile.EachElement(d, "", func() error {
		left := 100
		value, err := readSerde(d, &left)
		if err != nil {
			return err
		}
		if wrong := entry(value); wrong != nil && m.wrong == nil {
			m.wrong = jsonfile.Misshapen(d, "an entry of model.vocab is not a token with its score")
		}
		if pair, ok := value.([]any); ok && m.wrong == nil {
			m.vocab.note([]byte(pair[0].(string)), uint32(m.vocab.entries))
		}
		if m.vocab.entries++; m.vocab.entries > Limits.Members {
			return jsonfile.TooMuch(int64(Limits.Members), "tokens")
		}
		return nil
	})
}

// readText reads the string that comes next into buffer.
func readText(d *jsontext.Decoder, buffer []byte) ([]byte, error) {
	raw, err := d.ReadValue()
	if err != nil {
		return buffer, err
	}
	return jsontext.AppendUnquote(buffer[:0], raw)
}

// serdeText is a value for a message.
func serdeText(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return fmt.Sprintf("%.80q", v)
	case members:
		return "an object"
	case []any:
		return "a list"
	}
	return fmt.Sprint(v)
}
