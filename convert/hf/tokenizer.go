package hf

import (
	"io"
	"path/filepath"

	"github.com/go-json-experiment/json/jsontext"

	"hf2olmo/convert/regular"
)

// TokenizerFile is what a tokenizer's file is called in a model's folder.
const TokenizerFile = "tokenizer.json"

// A Tokenizer is what a tokenizer.json says of its vocabulary. The vocabulary
// itself, tens of megabytes in some models, is not kept in memory.
type Tokenizer struct {
	Path string // where it is opened
	Size int64  // bytes
	// VocabSize is what the tokenizers library returns for
	// get_vocab_size(with_added_tokens=True): the entries of model.vocab and the
	// added tokens that are not among them.
	VocabSize int64

	added map[string]int64 // the ids of added tokens
}

// OpenTokenizer reads a tokenizer.json that stands by itself, as --tokenizer names it.
func OpenTokenizer(path string) (*Tokenizer, error) {
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
	t, err := decodeTokenizer(io.NewSectionReader(f, 0, info.Size()))
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
	t, err := OpenTokenizer(filepath.Join(o.dir, TokenizerFile))
	if err != nil {
		o.faults.Add(TokenizerFile, err)
		return
	}
	o.model.Tokenizer = t
}

// TokenID returns the id that the tokenizers library gives to a token. Where the
// token is not an added one the file is read again to look for it; ok is false
// where there is no such token or the file can no longer be read.
func (t *Tokenizer) TokenID(content string) (id int64, ok bool) {
	if id, ok := t.added[content]; ok {
		return id, true
	}
	f, _, err := regular.Open(t.Path)
	if err != nil {
		return 0, false
	}
	defer f.Close()
	v := vocabulary{wanted: map[string]bool{content: true}}
	if err := v.decode(io.NewSectionReader(f, 0, t.Size)); err != nil {
		return 0, false
	}
	id, ok = v.ids[content]
	return id, ok
}

// decodeTokenizer reads a tokenizer.json twice where the vocabulary comes before
// the added tokens, since by then it is gone.
func decodeTokenizer(r io.ReadSeeker) (*Tokenizer, error) {
	var v vocabulary
	if err := v.decode(r); err != nil {
		return nil, err
	}
	if v.early && len(v.added) > 0 {
		if _, err := r.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		again := vocabulary{wanted: v.wanted}
		if err := again.decode(r); err != nil {
			return nil, err
		}
		v.ids = again.ids
	}
	t := &Tokenizer{VocabSize: v.size, added: map[string]int64{}}
	for _, content := range v.added {
		if _, twice := t.added[content]; twice || content == "" {
			continue
		}
		id, ok := v.ids[content]
		if !ok { // the library numbers new tokens on, whatever id the file gives them
			id = t.VocabSize
			t.VocabSize++
		}
		t.added[content] = id
	}
	return t, nil
}

// A vocabulary is what one pass over a tokenizer.json finds.
type vocabulary struct {
	wanted map[string]bool  // the tokens whose ids are looked for
	ids    map[string]int64 // the ids of those of them that stand in model.vocab
	size   int64            // entries of model.vocab
	added  []string         // contents of added_tokens, in order
	early  bool             // model.vocab came before added_tokens
}

func (v *vocabulary) decode(r io.Reader) error {
	d := newDecoder(r, tokenizerLimits)
	if v.wanted == nil {
		v.wanted = map[string]bool{}
	}
	v.ids = map[string]int64{}
	seen := false
	err := eachMember(d, "the JSON value", func(key string) error {
		switch key {
		case "added_tokens":
			v.early = seen
			return eachElement(d, key, func() error { return v.decodeAdded(d) })
		case "model":
			return eachMember(d, key, func(key string) error {
				if key != "vocab" {
					return d.SkipValue()
				}
				seen = true
				return v.decodeVocab(d)
			})
		}
		return d.SkipValue()
	})
	if err != nil {
		return err
	}
	if !seen {
		return misshapen(d, "there is no model.vocab")
	}
	return readEnd(d)
}

func (v *vocabulary) decodeAdded(d *jsontext.Decoder) error {
	named := false
	err := eachMember(d, "an element of added_tokens", func(key string) error {
		if key != "content" {
			return d.SkipValue()
		}
		content, err := readString(d, "the content of an added token")
		v.added = append(v.added, content)
		v.wanted[content] = true
		named = true
		return err
	})
	if err == nil && !named {
		err = misshapen(d, "an added token has no content")
	}
	return err
}

// decodeVocab counts model.vocab: an object {token: id}, or in a Unigram model an
// array [[token, score], …] whose order is the id.
func (v *vocabulary) decodeVocab(d *jsontext.Decoder) error {
	if d.PeekKind() != '[' {
		return eachMember(d, "model.vocab", func(token string) error {
			id, err := readInt(d, "")
			v.note(token, id)
			return about(err, "the id of token %.80q", token)
		})
	}
	return eachElement(d, "model.vocab", func() error {
		first := true
		err := eachElement(d, "an entry of model.vocab", func() error {
			if !first {
				return d.SkipValue()
			}
			first = false
			token, err := readString(d, "a token of model.vocab")
			v.note(token, v.size)
			return err
		})
		if err == nil && first {
			err = misshapen(d, "an entry of model.vocab is empty")
		}
		return err
	})
}

func (v *vocabulary) note(token string, id int64) {
	v.size++
	if v.wanted[token] {
		v.ids[token] = id
	}
}
