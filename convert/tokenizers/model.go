package tokenizers

import (
	"errors"

	"github.com/go-json-experiment/json/jsontext"

	"hf2olmo/convert/jsonfile"
)

// A model is the section "model": its vocabulary, its merges, and what else it has.
type model struct {
	vocab   *tokens
	wrong   error // the first thing wrong with the vocabulary's form
	merges  merges
	options members
	twice   []string // keys that appear twice
}

func (t *file) decodeModel(d *jsontext.Decoder, left *int) error {
	m := &model{vocab: newTokens()}
	var known *model
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
func (m *model) option(name string) (any, bool) {
	for i := len(m.options) - 1; i >= 0; i-- {
		if m.options[i].key == name {
			return m.options[i].value, true
		}
	}
	return nil, false
}

func (m *model) prefix() string {
	v, _ := m.option("continuing_subword_prefix")
	s, _ := v.(string)
	return s
}
