package tokenizers_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"hf2olmo/convert/tokenizers"
)

// TestAsTheLibrary compares sizes and ids with testdata/expected.json, which the real library wrote.
func TestAsTheLibrary(t *testing.T) {
	text, err := os.ReadFile("testdata/expected.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]struct {
		Size int64
		IDs  map[string]*int64 `json:"ids"`
	}
	if err := json.Unmarshal(text, &all); err != nil || len(all) < 8 {
		t.Fatalf("%d tokenizers: %v", len(all), err)
	}
	for name, want := range all {
		f, err := os.Open(filepath.Join("testdata/tokenizers", name))
		if err != nil {
			t.Fatal(err)
		}
		have, err := tokenizers.Read(f, slices.Collect(maps.Keys(want.IDs))...)
		f.Close()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if have.VocabSize != want.Size {
			t.Errorf("%s: %d tokens, want %d", name, have.VocabSize, want.Size)
		}
		for word, id := range want.IDs {
			if got, ok := have.TokenID(word); ok != (id != nil) || ok && got != *id {
				t.Errorf("%s: token %q has id %d, %v", name, word, got, ok)
			}
		}
	}
}

// What is refused, in words; testdata/interop/test_tokenizer.py holds much more of it against the library.
func TestMalformedTokenizers(t *testing.T) {
	const rest = `, "merges": []}}`
	for text, want := range map[string]string{
		``:                                      "EOF",
		`[]`:                                    "the JSON value is not an object",
		`{}`:                                    "there is no model",
		`{"model": null}`:                       "model is not an object",
		`{"model": {"merges": []}}`:             "model has no vocab",
		`{"model": {"vocab": {}}}`:              "model has no merges",
		`{"model": {"vocab": 3` + rest:          "model has a vocab that is not an object",
		`{"model": {"vocab": {"a": "b"}` + rest: `the id of token "a" is "b", not a whole number from 0 to 4294967295`,
		`{"model": {"vocab": {"a": -1}` + rest:  `the id of token "a" is -1, not a whole number`,
		`{"model": {"vocab": {"a": 1.0}` + rest: `the id of token "a" is 1, not a whole number`,
		`{"model": {"vocab": {"a": 0}, "merges": ["a"]}}`: `a merge is not two tokens with a space ` +
			`between: "a"`,
		`{"model": {"vocab": {"a": 0}, "merges": ["a b"]}}`: `a merge is made of a token that is not ` +
			`in the vocabulary: "b"`,
		`{"model": {"vocab": {"a": 0}, "merges": [["a", "a"]]}}`: `a merge makes a token that is not in ` +
			`the vocabulary: "aa"`,
		`{"model": {"merges": [["a", "a"]], "vocab": {"a": 0}}}`: `a merge makes a token that is not in ` +
			`the vocabulary: "aa"`,
		`{"model": {"vocab": {"a": 0}, "merges": [["a"]]}}`:          "a merge is not a list of two",
		`{"model": {"type": "BPE2", "vocab": {}` + rest:              `model has a type that is not known: "BPE2"`,
		`{"model": {"type": "BPE", "dropout": 2, "vocab": {}` + rest: "model dropout is not a number from 0 to 1",
		`{"model": {"type": "WordLevel", "vocab": {}}}`:              "model has no unk_token",
		`{"model": {"type": "Unigram", "vocab": [["a"]]}}`: "an entry of model.vocab is not a token " +
			"with its score",
		`{"model": {"type": "Unigram", "unk_id": 1, "vocab": [["a", 0.5]]}}`: "model has unk_id 1 and 1 tokens",
		`{"added_tokens": {}}`:          "added_tokens is not an array",
		`{"added_tokens": [{"id": 1}]}`: "an added token has no content",
		`{"version": "2.0"}`:            `version is not "1.0"`,
		`{"added_token": []}`: `has a section that tokenizers does not ` +
			`know: "added_token"`,
		`{"normalizer": {"type": "Nope"}}`: `normalizer has a type that is not ` +
			`known: "Nope"`,
		`{"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "(a"}, ` +
			`"behavior": "Removed", "invert": false}}`: "pre_tokenizer pattern is a regular expression whose ( is not closed",
		`{"post_processor": {"type": "Nope"}}`:    "post_processor is no Nope that the library knows",
		`{"decoder": {"type": "ByteLevel"}}`:      "decoder has no add_prefix_space",
		`{"truncation": {"max_length": 1}}`:       "truncation has no strategy",
		`{"model": {"vocab": {}` + rest + ` {}`:   "something follows the end of the JSON value",
		`{"decoder": ` + strings.Repeat("[", 200): "is nested too deeply",
		`{"decoder": 1e999}`:                      "number 1e999 is out of range",
		`{"decoder": "\ud800"}`:                   "jsontext: invalid surrogate pair",
	} {
		if _, err := tokenizers.Read(strings.NewReader(text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s:\nhave %v\nwant %s", text, err, want)
		}
	}
}

// Of what appears twice, the last one counts, as in the library.
func TestTokenizerTwice(t *testing.T) {
	text := `{"version": "1.0", "model": {"vocab": {"q": 9}, "merges": []}, "model": {"merges": 5, "vocab": {"a": 0,` +
		` "b": "x", "b": 2, "a": 7, "ab": 1}, "merges": ["a b"]}}`
	have, err := tokenizers.Read(strings.NewReader(text), "a", "b", "q")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`tokenizer.json: model.vocab has a token twice ("b"): the last one counts, as in tokenizers`,
		`tokenizer.json: has keys twice (model, model.merges): the last one counts, as in tokenizers`,
	}
	if have.VocabSize != 3 || have.LargestID() != 7 || !reflect.DeepEqual(have.Warnings, want) {
		t.Errorf("%d tokens up to %d, %q", have.VocabSize, have.LargestID(), have.Warnings)
	}
	a, _ := have.TokenID("a")
	b, _ := have.TokenID("b")
	if _, gone := have.TokenID("q"); a != 7 || b != 2 || gone {
		t.Error(a, b, gone)
	}
}

// Ids count, not the number of tokens.
func TestPastTheRows(t *testing.T) {
	var b strings.Builder
	for i := range 30 {
		fmt.Fprintf(&b, `"t%d": %d, `, i, i*10)
	}
	have, err := tokenizers.Read(strings.NewReader(`{"model": {"vocab": {` + b.String() + `"z": 5}, "merges": []}}`))
	if err != nil {
		t.Fatal(err)
	}
	for rows, want := range map[int64]string{291: "0 []", 290: "1 [{t29 290}]", 271: "2 [{t28 280} {t29 290}]",
		200: "10 [{t22 220} {t23 230} {t24 240} {t25 250} {t26 260} {t27 270} {t28 280} {t29 290}]"} {
		if count, some := have.Past(rows); fmt.Sprint(count, some) != want {
			t.Errorf("past %d: %d %v, want %s", rows, count, some, want)
		}
	}
}
