package hf

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestSpecialTokens(t *testing.T) {
	const single = "testdata/single"
	for _, c := range []struct {
		name     string
		files    map[string]string // written over the copy's own; "" removes what they say
		eos, pad int64             // -1 for none
	}{
		{"as saved", nil, 8, 7},
		{"ids first", map[string]string{generationName: `{"eos_token_id": 3, "pad_token_id": 0}`}, 3, 0},
		{"lists", map[string]string{generationName: `{"eos_token_id": [5, 3], "pad_token_id": []}`}, 5, 7},
		{"no ids", map[string]string{generationName: `{"eos_token_id": -1, "pad_token_id": "7"}`}, 8, 7},
		{"objects", map[string]string{tokenizerSet: `{"eos_token": {"content": "héllo"}, "pad_token": {"content": "c"}}`}, 9, 2},
		{"the map", map[string]string{tokenizerSet: `{"eos_token": null}`, specialsName: `{"eos_token": "<eos>", "pad_token": {"content": "|"}}`}, 8, 5},
		{"unknown tokens", map[string]string{tokenizerSet: `{"eos_token": "<gone>", "pad_token": 4}`}, -1, -1},
	} {
		dir := copyModel(t, filepath.Base(single))
		for name, text := range c.files {
			write(t, dir+"/"+name, text)
		}
		m, err := Open(dir)
		must(t, err)
		for role, want := range map[string]int64{"eos": c.eos, "pad": c.pad} {
			if id, ok := m.SpecialTokenID(role); ok != (want >= 0) || ok && id != want {
				t.Errorf("%s: %s is %d, %v", c.name, role, id, ok)
			}
		}
		if len(m.Warnings) > 0 {
			t.Errorf("%s: %q", c.name, m.Warnings)
		}
	}
}

func TestSideFilesAreNotNeeded(t *testing.T) {
	dir := copyModel(t, "single")
	write(t, dir+"/"+generationName, "{")
	write(t, dir+"/"+tokenizerSet, pointer)
	m, err := Open(dir)
	must(t, err)
	want := []string{
		"generation_config.json: is not valid JSON: unexpected EOF at line 1, column 2; it is not used",
		"tokenizer_config.json: is a Git LFS pointer, not the file itself; it is not used",
	}
	if _, ok := m.SpecialTokenID("eos"); ok || !reflect.DeepEqual(m.Warnings, want) {
		t.Errorf("%v %q", ok, m.Warnings)
	}
	m, err = Open("testdata/sharded") // has no tokenizer
	must(t, err)
	if _, ok := m.SpecialTokenID("eos"); ok {
		t.Error("a special token from nowhere")
	}
}

func TestMalformedTokenizers(t *testing.T) {
	for text, want := range map[string]string{
		``:                                    "EOF",
		`[]`:                                  "the JSON value is not an object",
		`{"model": null}`:                     "model is not an object",
		`{"model": {"vocab": 3}}`:             "model.vocab is not an object",
		`{"model": {"vocab": {"a": "b"}}}`:    `the id of token "a" is not a number`,
		`{"model": {"vocab": {"a": -1}}}`:     `the id of token "a" is -1, not a whole number from 0 to 9223372036854775807`,
		`{"model": {"vocab": [["a"], []]}}`:   "an entry of model.vocab is empty",
		`{"model": {"vocab": ["a"]}}`:         "an entry of model.vocab is not an array",
		`{"model": {"vocab": [[1, 0.5]]}}`:    "a token of model.vocab is not a string",
		`{"added_tokens": {}}`:                "added_tokens is not an array",
		`{"added_tokens": [{"id": 1}]}`:       "an added token has no content",
		`{"added_tokens": [{"content": 1}]}`:  "the content of an added token is not a string",
		`{"added_tokens": []}`:                "there is no model.vocab",
		`{"model": {"vocab": {}}} {}`:         "something follows the end of the JSON value",
		`{"model": {"vocab": {"a":0,"a":1}}}`: `jsontext: duplicate object member name "a" within "/model/vocab"`,
	} {
		if _, err := decodeTokenizer(strings.NewReader(text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s:\nhave %v\nwant %s", text, err, want)
		}
	}
}
