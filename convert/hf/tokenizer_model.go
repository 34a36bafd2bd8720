package hf

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"hf2olmo/convert/jsonfile"
)

// A tokenizerModel is the section "model": its vocabulary, its merges, and what else it has.
type tokenizerModel struct {
	vocab   *tokens
	wrong   error // the first thing wrong with the vocabulary's form
	merges  merges
	options members
	twice   []string // keys that appear twice
}

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

func (t *tokenizerFile) decodeModel(d *jsontext.Decoder, left *int) error {
	m := &tokenizerModel{vocab: newTokens()}
	var known *tokenizerModel
	if len(t.known) > len(t.models) {
		known = t.known[len(t.models)]
	}
	t.models = append(t.models, m)
	seen := map[string]bool{}
	err := jsonfile.EachMember(d, "model", func(key string) error {
		if seen[key] {
			m.twice = append(m.twice, "model."+key)
		}
		seen[key] = true
		switch key {
		case "vocab":
			return m.decodeVocab(d)
		case "merges":
			m.merges = merges{given: true, vocab: m.vocab, prefix: m.prefix()}
			if known != nil {
				m.merges.vocab, m.merges.prefix = known.vocab, known.prefix()
			}
			m.merges.early = m.merges.vocab.form == noVocab
			return m.merges.decode(d)
		}
		v, err := readSerde(d, left)
		m.options = append(m.options, member{key, v})
		return err
	})
	if err != nil {
		return err
	}
	if known == nil && m.merges.given && (m.merges.vocab != m.vocab || m.merges.prefix != m.prefix()) {
		t.early = true
		return nil
	}
	if err := m.check(); err != nil {
		var wrong *jsonfile.ShapeError
		if errors.As(err, &wrong) {
			return err
		}
		return jsonfile.Misshapen(d, "model %v", err)
	}
	return nil
}

// option is a member that is not the vocabulary or the merges.
func (m *tokenizerModel) option(name string) (any, bool) {
	for i := len(m.options) - 1; i >= 0; i-- {
		if m.options[i].key == name {
			return m.options[i].value, true
		}
	}
	return nil, false
}

func (m *tokenizerModel) prefix() string {
	v, _ := m.option("continuing_subword_prefix")
	s, _ := v.(string)
	return s
}

// modelTypes are the models that the library has, in the order in which it tries them for a
// file that does not say its type.
var modelTypes = []struct {
	name  string
	check func(*tokenizerModel) error
}{
	{"BPE", (*tokenizerModel).bpe}, {"WordPiece", (*tokenizerModel).wordPiece},
	{"WordLevel", (*tokenizerModel).wordLevel}, {"Unigram", (*tokenizerModel).unigram},
}

func (m *tokenizerModel) check() error {
	_, typed := m.option("type")
	kind := typeOf(m.options)
	var first error
	for _, t := range modelTypes {
		if typed && kind != t.name {
			continue
		}
		err := t.check(m)
		if err == nil || typed {
			return err
		}
		if first == nil {
			first = err
		}
	}
	if typed {
		return fmt.Errorf("has a type that is not known: %.80q", kind)
	}
	return first
}

// fits holds the options against fields.
func (m *tokenizerModel) fits(fields ...field) error {
	return record{fields: fields}.check(lastWins(m.options))
}

func (m *tokenizerModel) bpe() error {
	option := func(name string, s shape) field { return field{name, orNull(s), inLists} }
	err := m.fits(option("dropout", aProbability), option("unk_token", aString),
		option("continuing_subword_prefix", aString), option("end_of_word_suffix", aString),
		option("fuse_unk", aBool), option("byte_fallback", aBool), option("ignore_merges", aBool))
	switch {
	case err != nil:
		return err
	case !m.merges.given:
		return errors.New("has no merges")
	case m.words() != nil:
		return m.words()
	}
	return m.merges.wrong
}

func (m *tokenizerModel) wordPiece() error {
	err := m.fits(has("unk_token", aString), has("continuing_subword_prefix", aString),
		has("max_input_chars_per_word", aCount))
	if err != nil {
		return err
	}
	return m.words()
}

func (m *tokenizerModel) wordLevel() error {
	if err := m.fits(has("unk_token", aString)); err != nil {
		return err
	}
	return m.words()
}

// words are a vocabulary {token: id}.
func (m *tokenizerModel) words() error {
	switch {
	case m.wrong != nil:
		return m.wrong
	case m.vocab.form == noVocab:
		return errors.New("has no vocab")
	case m.vocab.form != words:
		return errors.New("has a vocab that is not an object")
	}
	return m.vocab.firstWrong()
}

func (m *tokenizerModel) unigram() error {
	if err := m.fits(field{"unk_id", orNull(aCount), inLists}, field{"byte_fallback", aBool, never}); err != nil {
		return err
	}
	unknown, _ := m.option("unk_id")
	n, given := unknown.(uint64)
	switch {
	case m.wrong != nil:
		return m.wrong
	case m.vocab.form == noVocab:
		return errors.New("has no vocab")
	case m.vocab.form != scores:
		return errors.New("has a vocab that is not a list")
	case given && n >= uint64(m.vocab.entries):
		return fmt.Errorf("has unk_id %d and %d tokens", n, m.vocab.entries)
	}
	return nil
}

func aProbability(v any) error {
	p := -1.0
	switch v := v.(type) {
	case uint64:
		p = float64(v)
	case float64:
		p = v
	}
	if p := float32(p); p < 0 || p > 1 {
		return errors.New("is not a number from 0 to 1")
	}
	return nil
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
