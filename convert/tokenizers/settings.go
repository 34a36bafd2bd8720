package tokenizers

import (
	"bytes"
	"io"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/jsonfile"
)

// Roles are the special tokens that configs name, by their ids or their texts.
var Roles = []string{"bos", "eos", "pad"}

// Settings are what a tokenizer_config.json is made of with which transformers gives the ids of
// tokenizer.json. Most of its classes build the tokenizer themselves, with a split or a normalizer of
// their own: in transformers 5 that loads, and gives other ids.
type Settings struct {
	Tokenizer *File            // tokenizer.json
	Given     []byte           // the tokenizer_config.json of the model; nil for none
	Specials  []byte           // its special_tokens_map.json; nil for none
	IDs       map[string]int64 // of special tokens by their role, for those that neither file names
	MaxLength int              // for model_max_length, if Given does not say; 0 for none
}

// plainClass is the one that reads tokenizer.json as it is, in transformers 4 and 5.
const plainClass = `"PreTrainedTokenizerFast"`

// rebuilding are settings that make transformers change what tokenizer.json says, load other files
// in its place, or run code.
var rebuilding = []string{"auto_map", "from_slow", "use_fast", "fast_tokenizer_files", "fix_mistral_regex",
	"tokenizer_file", "vocab_file", "merges_file", "add_prefix_space"}

// Text returns the tokenizer_config.json: Given as it is, if transformers gives the right ids by it,
// else with the class that does, and all the rest as it was. missing are the roles of IDs that no
// added token has. The error is a *fault.Fault.
func (s *Settings) Text() (text []byte, missing []string, err error) {
	given, err := readSettings(SettingsFile, s.Given)
	if err != nil {
		return nil, nil, err
	}
	specials, err := readSettings(SpecialsFile, s.Specials)
	if err != nil {
		return nil, nil, err
	}
	var prefix []byte
	if err := s.read(func(r io.Reader) (err error) {
		prefix, err = readPrefixSpace(r)
		return err
	}); err != nil {
		return nil, nil, err
	}
	rebuilds := func(m jsonfile.Member) bool { return slices.Contains(rebuilding, m.Name) }
	want := slices.DeleteFunc(slices.Clone(given), rebuilds)
	if prefix != nil {
		want.Set("add_prefix_space", prefix)
	}
	want.Set("tokenizer_class", []byte(plainClass))
	tokens, missing, err := s.special(given, specials)
	if err != nil {
		return nil, nil, err
	}
	for _, m := range slices.Concat(tokens, s.defaults()) {
		if want.Get(m.Name) == nil {
			want = append(want, m)
		}
	}
	same := func(a, b jsonfile.Member) bool { return a.Name == b.Name && bytes.Equal(a.Value, b.Value) }
	if slices.EqualFunc(want, given, same) {
		return s.Given, missing, nil
	}
	text, err = want.Text()
	return text, missing, err
}

// read reads tokenizer.json from its beginning.
func (s *Settings) read(from func(io.Reader) error) error {
	f, err := s.Tokenizer.Open()
	if err != nil {
		return err
	}
	defer f.Close()
	if err := from(f); err != nil {
		return notRead(FileName, err)
	}
	return nil
}

// special returns the special tokens by the ids, if no file names them.
func (s *Settings) special(given, specials jsonfile.Members) (tokens jsonfile.Members, missing []string, err error) {
	ids := map[string]int64{}
	for role, id := range s.IDs {
		if name := role + "_token"; given.Get(name) == nil && specials.Get(name) == nil && id >= 0 {
			ids[role] = id
		}
	}
	if len(ids) == 0 {
		return nil, nil, nil
	}
	var wanted []int64
	for _, id := range ids {
		wanted = append(wanted, id)
	}
	var contents map[int64]string
	if err := s.read(func(r io.Reader) (err error) {
		contents, err = Added(r, wanted...)
		return err
	}); err != nil {
		return nil, nil, err
	}
	for _, role := range Roles {
		id, want := ids[role]
		content, known := contents[id]
		if !want || !known {
			if want {
				missing = append(missing, role)
			}
			continue
		}
		value, err := jsontext.AppendQuote(nil, content)
		if err != nil {
			return nil, nil, notRead(FileName, err)
		}
		tokens = append(tokens, jsonfile.Member{Name: role + "_token", Value: value})
	}
	return tokens, missing, nil
}

// defaults are what the class does otherwise than those of the families: without the first, generate
// of 4.57 passes token types to models that take none.
func (s *Settings) defaults() jsonfile.Members {
	all := jsonfile.Members{{Name: "model_input_names", Value: []byte(`["input_ids", "attention_mask"]`)},
		{Name: "clean_up_tokenization_spaces", Value: []byte("false")}}
	if s.MaxLength > 0 {
		all = append(all, jsonfile.Member{Name: "model_max_length", Value: []byte(strconv.Itoa(s.MaxLength))})
	}
	return all
}

// readSettings reads an object of settings, none if text is nil.
func readSettings(name string, text []byte) (jsonfile.Members, error) {
	if text == nil {
		return nil, nil
	}
	all, err := jsonfile.ReadMembers(text, jsonfile.ConfigLimits)
	if err != nil {
		return nil, notRead(name, err)
	}
	return all, nil
}

func notRead(name string, err error) error {
	return &fault.Fault{File: name, Problem: "cannot be read: " + err.Error()}
}

// readPrefixSpace returns add_prefix_space of a tokenizer.json's pre-tokenizer, as JSON: transformers 4
// puts the setting in its place. It is nil if there is none at the top.
func readPrefixSpace(tokenizer io.Reader) (value []byte, err error) {
	d := jsonfile.NewDecoder(tokenizer, Limits, jsontext.AllowDuplicateNames(true))
	err = jsonfile.EachMember(d, "the JSON value", func(key string) error {
		if key != "pre_tokenizer" || d.PeekKind() != '{' {
			return d.SkipValue()
		}
		return jsonfile.EachMember(d, key, func(key string) error {
			found, err := d.ReadValue()
			if key == "add_prefix_space" && (found.Kind() == 't' || found.Kind() == 'f') {
				value = bytes.Clone(found)
			}
			return err
		})
	})
	return value, err
}
