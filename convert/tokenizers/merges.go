package tokenizers

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"hf2olmo/convert/jsonfile"
)

// merges are those of a BPE model. They are checked while they are read, against the vocabulary
// and the prefix as they were until then.
type merges struct {
	given  bool
	early  bool // there is no vocabulary yet: they are only counted
	count  int
	wrong  error
	vocab  *tokens
	prefix string
}

// decode reads merges, each "a b" or ["a", "b"].
func (m *merges) decode(d *jsontext.Decoder) error {
	if kind := d.PeekKind(); kind != '[' {
		m.wrong = errors.New("has merges that are not a list")
		left := serdeValues
		_, err := readSerde(d, &left)
		return err
	}
	var form jsontext.Kind
	var a, b []byte
	return jsonfile.EachElement(d, "", func() (err error) {
		if m.count++; m.count > maxMerges {
			return jsonfile.TooMuch(maxMerges, "merges")
		}
		kind, wrong := d.PeekKind(), error(nil)
		switch {
		case kind == '"':
			if a, err = readText(d, a); err == nil {
				wrong = m.checkLine(a)
			}
		default:
			left := 100
			var v any
			if v, err = readSerde(d, &left); err == nil {
				wrong = pairOf(aString, aString)(v)
			}
			if pair, ok := v.([]any); ok && err == nil && wrong == nil {
				a, b = append(a[:0], pair[0].(string)...), append(b[:0], pair[1].(string)...)
				wrong = m.checkPair(a, b)
			}
		}
		if form == 0 {
			form = kind
		}
		if form != kind {
			wrong = errors.New("is a text where others are lists, or the other way round")
		}
		if m.wrong == nil && err == nil && wrong != nil {
			m.wrong = jsonfile.Misshapen(d, "a merge %v", wrong)
		}
		return err
	})
}

// checkLine checks a merge as merges.txt has it.
func (m *merges) checkLine(line []byte) error {
	if bytes.HasPrefix(line, []byte("#version")) {
		return nil
	}
	a, b, ok := bytes.Cut(line, []byte(" "))
	if !ok || bytes.Contains(b, []byte(" ")) {
		return fmt.Errorf("is not two tokens with a space between: %.80q", line)
	}
	return m.checkPair(a, b)
}

// checkPair makes sure that both tokens and what they make are in the vocabulary.
func (m *merges) checkPair(a, b []byte) error {
	if m.early {
		return nil
	}
	for _, token := range [][]byte{a, b} {
		if !m.vocab.has(token) {
			return fmt.Errorf("is made of a token that is not in the vocabulary: %.80q", token)
		}
	}
	if len(m.prefix) > len(b) {
		return fmt.Errorf("is made of %.80q, which is shorter than continuing_subword_prefix", b)
	}
	if made := append(a[:len(a):len(a)], b[len(m.prefix):]...); !m.vocab.has(made) {
		return fmt.Errorf("makes a token that is not in the vocabulary: %.80q", made)
	}
	return nil
}
