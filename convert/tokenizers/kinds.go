package tokenizers

import (
	"errors"
	"fmt"
)

// modelTypes are the models that the library has, in the order in which it tries them for a
// file that does not say its type.
var modelTypes = []struct {
	name  string
	check func(*model) error
}{
	{"BPE", (*model).bpe}, {"WordPiece", (*model).wordPiece},
	{"WordLevel", (*model).wordLevel}, {"Unigram", (*model).unigram},
}

func (m *model) check() error {
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
func (m *model) fits(fields ...field) error {
	return record{fields: fields}.check(lastWins(m.options))
}

func (m *model) bpe() error {
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

func (m *model) wordPiece() error {
	err := m.fits(has("unk_token", aString), has("continuing_subword_prefix", aString),
		has("max_input_chars_per_word", aCount))
	if err != nil {
		return err
	}
	return m.words()
}

func (m *model) wordLevel() error {
	if err := m.fits(has("unk_token", aString)); err != nil {
		return err
	}
	return m.words()
}

// words are a vocabulary {token: id}.
func (m *model) words() error {
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

func (m *model) unigram() error {
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
